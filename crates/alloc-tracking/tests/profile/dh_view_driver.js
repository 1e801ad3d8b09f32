// Loads a file in valgrind's own viewer and prints the page for each way to sort, without a browser.
//
// node dh_view_driver.js dh_view.js PROFILE
"use strict";
const fs = require("fs");
const vm = require("vm");

// As much of a document as the viewer touches.
class Element {
  constructor(tag) {
    this.tag = tag;
    this.className = "";
    this.childNodes = [];
    this.text = "";
    this.parentNode = undefined;
  }
  appendChild(child) {
    child.parentNode = this;
    this.childNodes.push(child);
    return child;
  }
  cloneNode() {
    const clone = new Element(this.tag);
    clone.className = this.className;
    return clone;
  }
  replaceChild(fresh, old) {
    fresh.parentNode = this;
    this.childNodes[this.childNodes.indexOf(old)] = fresh;
  }
  set textContent(text) {
    this.text = text;
    this.childNodes = [];
  }
  get textContent() {
    return this.text + this.childNodes.map((child) => child.textContent).join("");
  }
  set selected(value) {
    this.parentNode.selectedIndex = this.parentNode.childNodes.indexOf(this);
  }
}

class Text {
  constructor(text) {
    this.textContent = text;
  }
}

globalThis.document = {
  title: "",
  body: new Element("body"),
  location: { search: "" },
  createElement: (tag) => new Element(tag),
  createTextNode: (text) => new Text(text),
};
globalThis.FileReader = class {
  readAsText(file) {
    this.onload({ target: { result: fs.readFileSync(file.name, "utf8") } });
  }
};

const [viewer, profile] = process.argv.slice(2);
vm.runInThisContext(fs.readFileSync(viewer, "utf8"), { filename: viewer });
globalThis.profile = profile;
vm.runInThisContext(`
  onLoad();
  gInput.files = [{ name: profile }];
  loadFile();
  for (let [i, option] of gSelect.childNodes.entries()) {
    if (!option.disabled) {
      gSelect.selectedIndex = i;
      changeSortMetric();
      console.log("sorted by " + option.label);
      console.log(gMainDiv.textContent);
    }
  }
`);
