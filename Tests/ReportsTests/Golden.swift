import Foundation
import Testing

/// Pictures and pages are for people: whoever changes one sees the whole of it in the golden file.
enum Golden {
  /// With this variable set to 1, the golden files are written instead of compared.
  private static let recordVariable = "ATELIER_RECORD_GOLDEN"

  static func check(_ text: String, _ name: String) throws {
    if ProcessInfo.processInfo.environment[recordVariable] == "1" {
      let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      try Data(text.utf8).write(to: sources.appendingPathComponent("Golden/\(name)"))
    } else {
      let golden = try #require(Bundle.module.url(forResource: "Golden/\(name)", withExtension: nil))
      #expect(try text == String(contentsOf: golden, encoding: .utf8), "\(recordVariable)=1 records it anew")
    }
  }
}
