internal import CYaml
internal import Datasets
internal import Yams

/// Reads the documents of a YAML text whose author may be anyone, in time and memory that its length bounds.
///
/// An alias stands for a whole subtree, so a few lines of aliases of aliases expand to gigabytes, wherever their nodes are looked through (as
/// keys of a mapping, in the parser itself). The files that Atelier reads have no use for anchors and aliases: they are refused, and so is
/// deep nesting, before any node is built.
enum YAMLDocuments {
  static let longest = 1 << 20
  static let deepest = 16

  /// - Parameter path: what errors call the text
  /// - Throws: ``SweepError`` naming file and line
  static func read(_ text: String, path: String) throws(SweepError) -> [Node] {
    guard text.utf8.count <= longest else { throw SweepError("\(path) is longer than 1 MiB: no sweep file") }
    let text = text.withoutByteOrderMark
    try check(text, path: path)
    var documents: [Node] = []
    do {
      var sequence = try Yams.compose_all(yaml: text)
      while let document = sequence.next() { documents.append(document) }
      if let error = sequence.error { throw error }
    } catch {
      throw SweepError("\(path)\(reason(error))")
    }
    return documents
  }

  /// Looks at the tokens alone. What is no YAML at all is left to the parser, which says what is wrong.
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

  /// Without the text of the lines, which may be long.
  private static func reason(_ error: any Error) -> String {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ", line \(mark.line), column \(mark.column): \(problem)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      ", line \(context.mark.line), column \(context.mark.column): "
        + "\((duplicates.first ?? "a key").prefix(SweepError.longestQuotation)) is there twice"
    case .reader(let problem, _, _, _): ": \(problem)"
    default: ": \("\(error)".prefix(SweepError.longestQuotation))"
    }
  }
}
