internal import Yams

/// A value of a YAML document: the subset that manifests consist of. The keys of a mapping keep their order.
indirect enum YAMLValue {
  case mapping([(key: String, value: YAMLValue)])
  case sequence([YAMLValue])
  case string(String)
  case integer(Int)
  case boolean(Bool)
  /// In a mapping: the key is left out.
  case absent

  /// Returns the text of the documents, separated by lines of three dashes.
  /// - Throws: errors of the YAML library
  static func text(of documents: [YAMLValue]) throws -> String {
    // A width of -1 keeps each string on one line.
    try Yams.serialize(nodes: documents.map(\.node), width: -1, allowUnicode: true, explicitStart: true)
  }

  private var node: Node {
    switch self {
    case .mapping(let pairs):
      let present = pairs.filter { if case .absent = $0.value { false } else { true } }
      return .mapping(.init(present.map { (Node($0.key), $0.value.node) }, .implicit, .block))
    case .sequence(let elements): return .sequence(.init(elements.map(\.node), .implicit, .block))
    case .string(let text): return .scalar(Self.scalar(text))
    case .integer(let number): return .scalar(.init("\(number)", Tag(.int), .plain))
    case .absent: return .scalar(.init("null", Tag(.null), .plain))
    case .boolean(let flag): return .scalar(.init("\(flag)", Tag(.bool), .plain))
    }
  }

  /// A string, or an absent value for nil.
  static func optional(_ text: String?) -> YAMLValue { text.map { .string($0) } ?? .absent }

  /// Quotes each string that YAML 1.1 or 1.2, as different programs read it, could take for anything but a string: only
  /// words of letters, digits, and a few signs that begin with a letter, and are not words for Booleans or null, are
  /// plain.
  private static func scalar(_ text: String) -> Node.Scalar {
    let isWord =
      text.first?.isASCIILetter == true
      && text.allSatisfy { $0.isASCIILetter || ($0.isASCII && $0.isNumber) || "-_./".contains($0) }
    let isPlain = isWord && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(text.lowercased())
    return .init(text, Tag(.str), isPlain ? .plain : .doubleQuoted)
  }
}

extension Character {
  fileprivate var isASCIILetter: Bool { isASCII && isLetter }
}

extension YAMLValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  init(dictionaryLiteral elements: (String, YAMLValue)...) { self = .mapping(elements.map { ($0.0, $0.1) }) }
  init(arrayLiteral elements: YAMLValue...) { self = .sequence(elements) }
  init(stringLiteral text: String) { self = .string(text) }
  init(integerLiteral number: Int) { self = .integer(number) }
  init(booleanLiteral flag: Bool) { self = .boolean(flag) }
}
