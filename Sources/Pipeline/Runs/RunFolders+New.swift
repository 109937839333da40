internal import Files
internal import Foundation
internal import Models

extension RunFolders {
  /// Creates a folder `<time>` for the results of one command, and locks it. It is removed if it stays empty.
  ///
  /// - Throws: ``FileError/notCreated(path:reason:)``; errors of `body`
  package func withNewFolder<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
    let time = DateFormatter()
    time.locale = Locale(identifier: "en_US_POSIX")
    time.dateFormat = "yyyy-MM-dd-HHmmss"
    let first = time.string(from: Date())
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

  /// Returns false if the folder exists already.
  @discardableResult private static func make(_ path: String, mayExist: Bool) throws(FileError) -> Bool {
    if mkdir(path, 0o777) == 0 { return true }
    guard errno == EEXIST, mayExist else { throw .notCreated(path: path, reason: systemErrorText()) }
    return false
  }
}
