import Foundation
import Testing

/// Compares plots and pages with recorded files, so that every change of the output is visible in a diff.
enum Golden {
  /// If this variable is 1, golden files are written instead of compared.
  private static let recordVariable = "ATELIER_RECORD_GOLDEN"

  static func check(_ text: String, _ name: String) throws {
    if ProcessInfo.processInfo.environment[recordVariable] == "1" {
      let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      try Data(text.utf8).write(to: sources.appendingPathComponent("Golden/\(name)"))
    } else {
      let golden = try #require(Bundle.module.url(forResource: "Golden/\(name)", withExtension: nil))
      #expect(
        try text == String(contentsOf: golden, encoding: .utf8), "set \(recordVariable)=1 to record the new output")
    }
  }
}
