internal import Coordination
package import Datasets
internal import Foundation
internal import Models
package import Progress
package import Selection

extension Cluster {
  /// Distributes the fits of a sweep among the workers.
  ///
  /// - Parameters:
  ///   - next: Called whenever all fits are handed out. Returns the fits that can begin now, or nil if that depends on
  ///     fits that are not completed. The sweep is done when it returns nil and no fit is running.
  ///   - keep: Called with the results of groups, once for each group.
  ///   - onQuarantine: Called with quarantined groups and the reason, once for each group.
  package func fit(
    _ images: LabeledImages, classCount: Int, next: @escaping () throws -> FitGroups?,
    keep: @escaping (_ groups: Range<Int>, FitResults) throws -> Void,
    onQuarantine: @escaping (_ groups: Range<Int>, _ reason: String) throws -> Void, progress: (ClusterProgress) -> Bool
  ) throws {
    var description = JobDescription()
    (description.activity, description.classCount) = (.fitGroups, UInt32(classCount))
    description.images = .init(try share(.images(images)).bytes)
    var shared = SharedGroups()
    defer { for name in shared.names { withdraw(name) } }
    _ = try run(
      description, .tasks(TaskPool(tasks: [], isUneven: true, canGrow: true)), unit: .fits, total: 0,
      read: { chunk, bytes in
        let counts = shared[chunk].map(\.members.count)
        guard let results = FitResults(bytes: bytes, counts: counts) else {
          throw ModelError.badModel("a worker's results do not match the fits of its chunk")
        }
        return {
          try keep(chunk.tasks, results)
          if let name = shared.end(chunk) { self.withdraw(name) }
        }
      }, checkedCount: { FitResults.checkedCount(of: $0) },
      growth: Growth(
        next: {
          guard let groups = try next(), !groups.groups.isEmpty else { return nil }
          let name = try self.share(.groups(groups), isPinned: true)
          shared.add(groups, name)
          return (groups.numbers, name)
        },
        onQuarantine: { chunk, reason in
          try onQuarantine(chunk.tasks, reason)
          if let name = shared.end(chunk) { self.withdraw(name) }
        }), progress: progress)
  }
}

/// The files of groups that workers may still request: groups that were shared together, until all of them have ended.
private struct SharedGroups {
  private var files: [SHA256: (groups: FitGroups, left: Int)] = [:]

  var names: [SHA256] { Array(files.keys) }

  mutating func add(_ groups: FitGroups, _ name: SHA256) { files[name] = (groups, groups.groups.count) }

  /// The groups of a chunk that has not ended.
  subscript(chunk: Chunk) -> [FitGroup] {
    let groups = SHA256(bytes: chunk.file).flatMap { files[$0]?.groups }
    return groups.map { found in chunk.tasks.map { found[$0] } } ?? []
  }

  /// Records the end of a chunk.
  /// - Returns: The name of a file that is no longer needed, if any.
  mutating func end(_ chunk: Chunk) -> SHA256? {
    guard let name = SHA256(bytes: chunk.file), files[name] != nil else { return nil }
    files[name]!.left -= Int(chunk.count)
    guard files[name]!.left == 0 else { return nil }
    files[name] = nil
    return name
  }
}
