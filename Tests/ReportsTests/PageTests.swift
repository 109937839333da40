import Foundation
import Reports
import Testing

@Suite struct PageTests {
  private let elements: [ParsedXML.Element]
  init() throws { elements = try ParsedXML(Samples.page.html).elements }

  @Test func pageMatchesGolden() throws { try Golden.check(Samples.page.html, "page.html") }

  @Test func everyLinkHasOneTarget() {
    let identifiers = elements.compactMap { $0.attributes["id"] }
    #expect(Set(identifiers).count == identifiers.count)
    let links = elements.filter { $0.name == "a" }.compactMap { $0.attributes["href"] }
    #expect(links.count >= 4)
    for link in links { #expect(identifiers.contains { "#\($0)" == link }, "\(link)") }
  }

  @Test func loadsAndRunsNothing() {
    #expect(!elements.contains { ["script", "link", "iframe", "object"].contains($0.name) })
    for element in elements {
      for (name, value) in element.attributes {
        #expect(!name.hasPrefix("on"))
        if name == "src" || (name == "href" && element.name == "image") { #expect(value.hasPrefix("data:image/png;")) }
      }
    }
    let policy = elements.first { $0.attributes["http-equiv"] == "Content-Security-Policy" }
    #expect(policy?.attributes["content"]?.hasPrefix("default-src 'none'") == true)
  }

  @Test func hasLandmarksAndOrderedHeadings() {
    for name in ["header", "nav", "main", "footer", "h1"] {
      #expect(elements.filter { $0.name == name }.count == 1, "\(name)")
    }
    #expect(elements[0].attributes["lang"] == "en")
    let levels = ["h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6]
    let headings = elements.compactMap { levels[$0.name] }
    #expect(zip(headings, headings.dropFirst()).allSatisfy { $1 <= $0 + 1 })
    for element in elements where element.name == "th" { #expect(element.attributes["scope"] != nil) }
    for element in elements where element.name == "img" { #expect(element.attributes["alt"]?.isEmpty == false) }
  }

  @Test func pageContainsFragments() throws {
    for section in Samples.page.sections {
      #expect(Samples.page.html.contains(section.fragment))
      #expect(try ParsedXML(section.fragment).elements[0].attributes["id"] == section.identifier.text)
    }
  }

  @Test func livePageAllowsOnlyScriptsOfItsHost() throws {
    var page = Samples.page
    page.script = "/live.js"
    let elements = try ParsedXML(page.html).elements
    #expect(elements.filter { $0.name == "script" }.map(\.attributes) == [["src": "/live.js", "defer": "defer"]])
    let policy = elements.first { $0.attributes["http-equiv"] == "Content-Security-Policy" }
    #expect(policy?.attributes["content"]?.hasSuffix("script-src 'self'; connect-src 'self'") == true)
  }

  @Test func filesAreThePageAndItsFiguresInOrder() throws {
    var page = Samples.page
    page.sections.append(
      HTMLSection("more", title: "More", [.figure(.init("curves", Samples.roc, caption: "Again the same name."))]))
    let files = Report(page).files
    #expect(
      files.map(\.name) == [
        "report.html", "curves.svg", "recall.svg", "confusion.svg", "samples.png", "gantt.svg", "curves-2.svg",
      ])
    #expect(files[1].bytes == Array(Samples.lines.svg.document.utf8))
    #expect(files[4].bytes == Samples.picture.png)
    #expect(Report(page).files == files)
  }

  @Test(arguments: [
    ("../../etc/passwd", "etc-passwd"), ("T-shirt/top", "t-shirt-top"), ("", "unnamed"), ("\" onload=", "onload"),
    ("猫", "unnamed"),
  ]) func identifiersAreSafe(name: String, text: String) { #expect(Identifier(name).text == text) }
}
