//! A program writes a report of its heap when it ends: this file runs itself again as such a program.
#![cfg(all(feature = "std", unix, not(miri)))]

use std::alloc::System;
use std::ffi::OsStr;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use alloc_tracking::{SiteProfiler, Stamps};

#[global_allocator]
static HEAP: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(32)
    .with_stamps(Stamps::Coarse)
    .with_exit_hook(report);

/// What is live at the end, and not lost: a leak checker would complain of that.
static KEPT: OnceLock<Vec<u8>> = OnceLock::new();

/// Says that a process is the program, and how it is to end.
const ENDING: &str = "EXIT_REPORT_ENDING";

/// No variables.
const NONE: &[(&str, &str)] = &[];

extern "C" fn report() {
    if std::env::var_os(ENDING).is_some() {
        HEAP.report();
    }
}

/// What the program does: as a test, it does nothing.
#[test]
fn the_program() {
    let Some(ending) = std::env::var_os(ENDING) else {
        return;
    };
    for _ in 0..1000 {
        black_box(vec![1_u8; 777]);
    }
    assert!(KEPT.set(vec![1_u8; 5 << 20]).is_ok());
    match ending.to_str() {
        Some("exit") => std::process::exit(3),
        Some("thread") => {
            let thread = std::thread::spawn(|| std::process::exit(3));
            thread.join().unwrap();
        }
        Some("fork") => {
            unsafe extern "C" {
                fn fork() -> std::ffi::c_int;
                fn wait(status: *mut std::ffi::c_int) -> std::ffi::c_int;
            }
            // SAFETY: the child ends at once, by `exit`, as the parent does.
            if unsafe { fork() } > 0 {
                // SAFETY: nobody wants the status.
                unsafe { wait(std::ptr::null_mut()) };
            }
            std::process::exit(3);
        }
        _ => {}
    }
}

fn run(ending: &str, variables: &[(&str, impl AsRef<OsStr>)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "the_program", "--nocapture"])
        .env(ENDING, ending)
        .env_remove("HEAP_PROFILE")
        .env_remove("HEAP_PROFILE_BY")
        .envs(variables.iter().map(|(name, value)| (name, value)));
    command.output().unwrap()
}

/// How often the standard error has the first line of the report.
fn reports(output: &Output) -> usize {
    let text = String::from_utf8_lossy(&output.stderr);
    text.matches("sites by ").count() + text.matches("1 site by ").count()
}

#[test]
fn it_is_written_however_the_program_ends() {
    for (ending, code) in [("return", 0), ("exit", 3), ("thread", 3)] {
        let output = run(ending, NONE);
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(reports(&output), 1, "{ending}: {output:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("at the end    5.0 MiB"), "{text}");
    }
}

/// The child has the hook too, and would write over what its parent writes.
#[test]
fn a_forked_child_leaves_it_to_its_parent() {
    assert_eq!(reports(&run("fork", NONE)), 1);
}

#[test]
fn variables_say_where_and_what() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = |name: &str| folder.join(name).display().to_string();
    let (text, dhat, unknown) = (path("exit.txt"), path("exit.json"), path("exit.doc"));
    let files = format!("{text}, {dhat},{unknown}");
    let output = run(
        "return",
        &[
            ("HEAP_PROFILE", files.as_str()),
            ("HEAP_PROFILE_BY", "total-blocks"),
        ],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(reports(&output), 0);
    assert!(said.contains("exit.doc: a name that ends with"), "{said}");
    assert!(!Path::new(&unknown).exists());
    let text = fs::read_to_string(text).unwrap();
    assert!(text.contains("by blocks in all"), "{text}");
    let dhat = fs::read_to_string(dhat).unwrap();
    assert!(dhat.contains("\"dhatFileVersion\":2"));
    // Whoever makes a report allocates: that is in none.
    assert!(text.contains("in all        5.8 MiB"), "{text}");

    assert_eq!(reports(&run("return", &[("HEAP_PROFILE", "")])), 0);
    let output = run("return", &[("HEAP_PROFILE_BY", "weight")]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("HEAP_PROFILE_BY: no such metric"), "{said}");
    assert_eq!(reports(&output), 1);
}

/// Not every name is UTF-8, and a report goes into the very file. What has no name is left out.
#[cfg(target_os = "linux")]
#[test]
fn files_have_any_names_and_those_of_processes() {
    use std::os::unix::ffi::OsStrExt;

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exit_names");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let mut files = folder.join("of ").into_os_string();
    files.push(OsStr::from_bytes(b"\xFF-%p-%p%.txt,, ,"));
    let output = run("return", &[("HEAP_PROFILE", files)]);
    assert!(output.stderr.is_empty(), "{output:?}");
    let mut found = fs::read_dir(&folder).unwrap();
    let name = found.next().unwrap().unwrap().file_name();
    assert!(found.next().is_none());
    let bytes = name.as_bytes();
    let numbers = bytes.strip_prefix(b"of \xFF-").unwrap();
    let numbers = str::from_utf8(numbers.strip_suffix(b"%.txt").unwrap()).unwrap();
    let (one, other) = numbers.split_once('-').unwrap();
    assert!(one == other && one.parse::<u32>().is_ok(), "{numbers}");
}

/// What there is no room for is said, and the program ends as it would have.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let full = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exit_full.txt");
    let _ = fs::remove_file(&full);
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let output = run("exit", &[("HEAP_PROFILE", &full)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("exit_full.txt: No space left"), "{said}");
}
