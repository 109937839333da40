import Foundation
import FoundationXML

/// The elements of a document in the order of their start tags.
struct ParsedXML {
  struct Element {
    var name: String
    var attributes: [String: String]
    /// The text directly within the element.
    var text = ""
  }

  let elements: [Element]

  /// - Throws: an error with the line if the document is not well-formed.
  init(_ text: String) throws {
    let parser = XMLParser(data: Data(text.utf8))
    let collector = Collector()
    parser.delegate = collector
    guard parser.parse() else {
      throw Failure(line: parser.lineNumber, error: "\(String(describing: parser.parserError))")
    }
    elements = collector.elements
  }

  struct Failure: Error {
    var line: Int
    var error: String
  }

  private final class Collector: NSObject, XMLParserDelegate {
    var elements: [Element] = []
    private var open: [Int] = []

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      open.append(elements.count)
      elements.append(Element(name: name, attributes: attributes))
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) { open.removeLast() }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
      if let last = open.last { elements[last].text += text }
    }
  }
}
