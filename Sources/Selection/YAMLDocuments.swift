internal import CYaml
internal import Datasets
internal import Text
internal import Yams

/// Reads the documents of an untrusted YAML text, in time and memory bounded by its length.
///
/// An alias stands for a whole subtree, so a few lines of aliases of aliases expand to gigabytes wherever nodes are
/// traversed, even in the parser (as keys of a mapping). Sweep files need no anchors and aliases, so these are rejected
/// before any node is built, and so is deep nesting.
enum YAMLDocuments {
  static let longest = 1 << 20
  static let deepest = 16

  /// - Parameter path: the name of the text in errors
  /// - Throws: ``SweepError`` naming file and line
  static func read(_ text: String, path: String) throws(SweepError) -> [Node] {
    guard text.utf8.count <= longest else { throw SweepError("\(path) is longer than 1 MiB, the limit of sweep files") }
    let text = text.withoutByteOrderMark
    try check(text, path: path)
    var documents: [Node] = []
    do {
      var sequence = try Yams.compose_all(yaml: text)
      while let document = sequence.next() { documents.append(document) }
      if let error = sequence.error { throw error }
      // A separator at the end separates nothing.
      if documents.count > 1, case .scalar(let last)? = documents.last, last.string.isEmpty, last.style == .plain {
        documents.removeLast()
      }
    } catch {
      throw SweepError("\(path)\(reason(error))")
    }
    return documents
  }

  /// Checks the tokens alone. Syntax errors are left to the parser, which describes them.
  private static func check(_ text: String, path: String) throws(SweepError) {
    var text = text
    let fault = text.withUTF8 { bytes -> (line: Int, column: Int, reason: String)? in
      var parser = yaml_parser_t()
      guard yaml_parser_initialize(&parser) == 1 else { return nil }
      defer { yaml_parser_delete(&parser) }
      yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
      var depth = 0
      while true {
        var token = yaml_token_t()
        guard yaml_parser_scan(&parser, &token) == 1 else { return nil }
        defer { yaml_token_delete(&token) }
        func fault(_ reason: String) -> (Int, Int, String) {
          (Int(token.start_mark.line) + 1, Int(token.start_mark.column) + 1, reason)
        }
        switch token.type {
        case YAML_ANCHOR_TOKEN, YAML_ALIAS_TOKEN:
          return fault("anchors and aliases (& and *) are not supported in a sweep file; write the values out")
        case YAML_BLOCK_SEQUENCE_START_TOKEN, YAML_BLOCK_MAPPING_START_TOKEN, YAML_FLOW_SEQUENCE_START_TOKEN,
          YAML_FLOW_MAPPING_START_TOKEN:
          depth += 1
          if depth > deepest { return fault("lists and mappings are nested more than \(deepest) levels deep") }
        case YAML_BLOCK_END_TOKEN, YAML_FLOW_SEQUENCE_END_TOKEN, YAML_FLOW_MAPPING_END_TOKEN: depth -= 1
        case YAML_STREAM_END_TOKEN, YAML_NO_TOKEN: return nil
        default: break
        }
      }
    }
    if let fault { throw SweepError("\(path), line \(fault.line), column \(fault.column): \(fault.reason)") }
  }

  /// Returns the reason of a parser's error without the text of the lines, which may be long.
  private static func reason(_ error: any Error) -> String {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ", line \(mark.line), column \(mark.column): \(problem)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      ", line \(context.mark.line), column \(context.mark.column): "
        + "\((duplicates.first ?? "a key").prefix(SweepError.longestQuotation)) is a duplicate key"
    case .reader(let problem, _, _, _): ": \(problem)"
    default: ": \("\(error)".prefix(SweepError.longestQuotation))"
    }
  }
}
