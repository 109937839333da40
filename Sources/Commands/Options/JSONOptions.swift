internal import ArgumentParser
internal import Files
internal import Foundation
internal import Models
internal import Pipeline
internal import Text

/// The option for results as JSON.
struct JSONOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      File for the result as JSON; - prints JSON instead of text. An existing file is replaced; pipes, devices and \
      /dev/stdout are written to.
      """, valueName: "file"),
    completion: .file(extensions: ["json"]))
  var json: String?

  /// Checks that the file can be created, before a long computation.
  /// - Throws: ``FileError/notCreated(path:reason:)``
  func check() throws(FileError) {
    if let json, json != "-" { try FileReplacement.check(json) }
  }

  /// Prints the text, and writes the JSON if requested.
  /// - Throws: ``FileError``
  func write(_ result: some Encodable, text: String) throws {
    try writeText(text)
    try write(result)
  }

  /// Prints the text, unless JSON goes to standard output.
  /// - Throws: ``FileError/notWritten(path:reason:)``
  func writeText(_ text: String) throws(FileError) {
    if json != "-" { try StandardOutput.write(text) }
  }

  /// Writes the JSON if requested, and the result to the event log.
  /// - Throws: ``FileError``
  func write(_ result: some Encodable) throws {
    if EventLog.isOpen { EventLog.write(EventLog.ResultEvent(result: result)) }
    guard let json else { return }
    let encoded = try Self.encode(result)
    if json == "-" { return try StandardOutput.write(encoded) }
    try FileReplacement.write([Array((encoded + "\n").utf8)], to: json)
  }

  /// Encodes with sorted keys, so that equal results have equal text.
  static func encode(_ result: some Encodable) throws -> String {
    try ReadableJSON.text(of: result)
  }
}
