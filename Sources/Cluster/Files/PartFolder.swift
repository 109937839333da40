internal import Compute
package import Files
internal import Foundation

/// Results of a job's tasks on disk, with which a run whose coordinator was killed resumes.
///
/// Each result is a file `FIRST-END-CHECKSUM.part`. The checksum covers the content, the tasks, and the job that they
/// belong to. A part that is damaged, renamed or of another job is computed again, to the same bits. Parts are not
/// flushed to the disk, so a power failure may damage some.
package struct PartFolder {
  private let path: String
  /// A text that identifies the job.
  private let owner: String

  /// Makes the folder if it does not exist.
  /// - Parameter owner: A text that identifies the job, and that no other job has.
  /// - Throws: ``FileError/notCreated(path:reason:)``
  package init(path: String, owner: String) throws(FileError) {
    (self.path, self.owner) = (path, owner)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .notCreated(path: path, reason: error.localizedDescription)
    }
  }

  /// - Throws: ``FileError/notWritten(path:reason:)``
  package func write(_ bytes: UnsafeRawBufferPointer, tasks: Range<Int>) throws(FileError) {
    let name = "\(tasks.lowerBound)-\(tasks.upperBound)-\(mark(bytes, tasks)).part"
    // Damage by a power failure is detected by the checksum.
    try FileReplacement.write([Array(bytes)], to: "\(path)/\(name)", isFlushed: false)
  }

  private func mark(_ bytes: UnsafeRawBufferPointer, _ tasks: Range<Int>) -> String {
    let text = "\(owner)\n\(tasks.lowerBound) \(tasks.upperBound) \(Digest.hexadecimal(checksum(of: bytes)))"
    return Digest.hexadecimal(Array(text.utf8).withUnsafeBytes { checksum(of: $0) })
  }

  /// Calls `body` with each valid result.
  /// - Parameters:
  ///   - count: The number of tasks of the job.
  ///   - reportDamage: Called with the path of each invalid part.
  /// - Returns: The tasks without a result.
  package func read(
    of count: Int, reportDamage: (String) -> Void = { _ in },
    _ body: (UnsafeRawBufferPointer, Range<Int>) throws -> Void
  ) throws -> [Range<Int>] {
    var missing: [Range<Int>] = []
    var next = 0
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let found = names.compactMap { name -> (tasks: Range<Int>, name: String, mark: String)? in
      guard name.hasSuffix(".part") else { return nil }
      let words = name.dropLast(5).split(separator: "-").map(String.init)
      guard words.count == 3, let first = Int(words[0]), let end = Int(words[1]), 0 <= first, first < end, end <= count
      else { return nil }
      return (first..<end, name, words[2])
    }
    for (tasks, name, mark) in found.sorted(by: { $0.tasks.lowerBound < $1.tasks.lowerBound }) {
      guard tasks.lowerBound >= next else { continue }
      guard let data = FileManager.default.contents(atPath: "\(path)/\(name)"),
        data.withUnsafeBytes({ self.mark($0, tasks) }) == mark
      else {
        reportDamage("\(path)/\(name)")
        continue
      }
      try data.withUnsafeBytes { try body($0, tasks) }
      if tasks.lowerBound > next { missing.append(next..<tasks.lowerBound) }
      next = tasks.upperBound
    }
    if next < count { missing.append(next..<count) }
    return missing
  }
}
