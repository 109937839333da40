internal import Foundation

/// JSON for people and programs: indented, with sorted keys, so that equal values have equal text.
package enum ReadableJSON {
  package static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
