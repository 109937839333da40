import Reports

extension HTMLSection {
  /// The HTML of the section alone.
  var fragment: String {
    let page = HTMLPage(title: "", subtitle: "", sections: [self], footer: "").html
    let (start, end) = ("<main id=\"content\">\n", "\n</main>")
    return String(page.split(separator: start)[1].split(separator: end)[0])
  }
}
