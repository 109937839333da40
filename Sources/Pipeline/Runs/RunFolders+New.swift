internal import Files
internal import Foundation
internal import Models
package import Runs

extension RunFolders {
  /// Creates a folder for the results of one command, and locks it. It is removed if it stays empty.
  ///
  /// - Parameter name: the name of the folder; nil for the current time. If it exists, a number is added.
  /// - Throws: ``FileError/notCreated(path:reason:)``; errors of `body`
  package func withNewFolder<Result>(
    named name: String? = nil, _ body: (_ path: String) throws -> Result
  ) throws -> Result {
    let time = DateFormatter()
    time.locale = Locale(identifier: "en_US_POSIX")
    time.dateFormat = "yyyy-MM-dd-HHmmss"
    let first = name ?? time.string(from: Date())
    try Self.make(base, mayExist: true)
    var name = first
    var copies = 1
    // Two runs may begin within one second, and a recorded run keeps its name even if its folder was removed.
    while try isRecorded(name) || !Self.make(path(name), mayExist: copies < 1000) {
      copies += 1
      name = "\(first)-\(copies)"
    }
    // `rmdir` removes only empty folders.
    defer {
      rmdir(path(name))
      rmdir(base)
    }
    return try withLock(on: name) { try body(path(name)) }
  }

  /// Returns the runs that were created with a name, in this order.
  package func runs(named name: String) -> [Run] {
    guard RunRecord.exists(in: base), let all = try? record().runs() else { return [] }
    let known = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return (1...known.count + 1).compactMap { known[$0 == 1 ? name : "\(name)-\($0)"] }
  }

  /// Returns false if the folder exists already.
  @discardableResult private static func make(_ path: String, mayExist: Bool) throws(FileError) -> Bool {
    if mkdir(path, 0o777) == 0 { return true }
    guard errno == EEXIST, mayExist else { throw .notCreated(path: path, reason: systemErrorText()) }
    return false
  }
}
