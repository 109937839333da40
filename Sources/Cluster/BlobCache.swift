internal import Foundation
internal import Models

/// Files that were fetched from a coordinator, kept under the user's cache folder for the next time.
struct BlobCache: Sendable {
  private let folder: String

  /// - Parameter environment: `XDG_CACHE_HOME`, else `HOME`, says where; nil where neither does.
  init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
    guard let base = environment["XDG_CACHE_HOME"] ?? environment["HOME"].map({ $0 + "/.cache" }), !base.isEmpty else {
      return nil
    }
    folder = base + "/atelier"
  }

  /// The file, if it is there and is what its name says. One that is not is removed.
  func load(_ name: SHA256) -> [UInt8]? {
    let path = "\(folder)/\(name)"
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let bytes = Array(data)
    if bytes.withUnsafeBytes({ SHA256(of: $0) }) == name { return bytes }
    unlink(path)
    return nil
  }

  /// Keeps the file, if there is room: a cache that cannot be written is no reason not to work.
  func save(_ bytes: [UInt8], _ name: SHA256) {
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try? FileReplacement.write([bytes], to: "\(folder)/\(name)")
  }
}
