internal import ArgumentParser
internal import Foundation
internal import Models

/// Results for machines.
struct JSONOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      File for the result as JSON; - writes JSON to standard output in place of the text. A file is replaced; pipes, devices and \
      /dev/stdout are written to.
      """, valueName: "file"),
    completion: .file(extensions: ["json"]))
  var json: String?

  /// Finds out whether the file can be created, before long work.
  /// - Throws: ``FileError/notCreated(path:reason:)``
  func check() throws(FileError) {
    if let json, json != "-" { try FileReplacement.check(json) }
  }

  /// Prints the text, and writes the JSON where it is wanted.
  /// - Throws: ``FileError``
  func write(_ result: some Encodable, text: String) throws {
    try writeText(text)
    try write(result)
  }

  /// Prints the text, if the JSON shall not stand in its place.
  /// - Throws: ``FileError/notWritten(path:reason:)``
  func writeText(_ text: String) throws(FileError) {
    if json != "-" { try StandardOutput.write(text) }
  }

  /// Writes the JSON where it is wanted.
  /// - Throws: ``FileError``
  func write(_ result: some Encodable) throws {
    if EventLog.isOpen { EventLog.write(EventLog.ResultEvent(result: result)) }
    guard let json else { return }
    let encoded = try Self.encode(result)
    if json == "-" { return try StandardOutput.write(encoded) }
    try FileReplacement.write([Array((encoded + "\n").utf8)], to: json)
  }

  /// Keys are sorted, so that equal results are equal texts.
  static func encode(_ result: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(result), as: UTF8.self)
  }
}
