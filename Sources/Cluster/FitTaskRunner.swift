internal import Compute
internal import Coordination
internal import Datasets
internal import Foundation
internal import Models
internal import Selection

/// Units are fits of a sweep, which the chunk's file tells; their bytes are ``FitResults``.
final class FitTaskRunner: TaskRunner {
  private let groups: (_ file: Data, _ isCancelled: () -> Bool) throws -> FitGroups
  private let images: LabeledImages
  private let classCount: Int
  private let context: ComputeContext
  /// Looked at once, so that what a fit may take does not depend on the fits before it.
  private let available = availableMemory()
  /// The images of the last fit: the next one often has the same.
  private var last: (split: Int, limit: Int?, training: LabeledImages, test: LabeledImages)?

  /// - Parameter groups: gives what the file of this name holds; throws `CancellationError` if the chunk is given up
  ///   before it is here.
  init(
    images: LabeledImages, classCount: Int, on context: ComputeContext,
    groups: @escaping (_ file: Data, _ isCancelled: () -> Bool) throws -> FitGroups
  ) {
    (self.images, self.classCount, self.context, self.groups) = (images, classCount, context, groups)
  }

  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] {
    let tasks = chunk.tasks
    let groups = try groups(chunk.file, { !progress(0) })
    guard groups.numbers.lowerBound <= tasks.lowerBound, tasks.upperBound <= groups.numbers.upperBound else {
      throw ModelError.badSettings("the file has no fits \(tasks.lowerBound) to \(tasks.upperBound - 1)")
    }
    var results = FitResults()
    for unit in tasks {
      let group = groups[unit]
      let (training, test) = divide(group, groups)
      do {
        results.add(
          try withoutActuallyEscaping(progress) { progress in
            try SharedFit(
              group, training: training, test: test, classCount: classCount, on: context, available: available
            ) { _ in
              progress(unit - tasks.lowerBound)
            }.run()
          })
      } catch let error where !(error is CancellationError) {
        // The other fits of the chunk shall not suffer from it.
        let time = FitTime(fitSeconds: 0, scoreSeconds: 0)
        results.add(group.members.map { _ in (FitOutcome(failure: "\(error)"), time) })
      }
    }
    return results.bytes
  }

  func checkedCount(of bytes: [UInt8]) -> Int { FitResults.checkedCount(of: bytes) }

  private func divide(_ group: FitGroup, _ groups: FitGroups) -> (LabeledImages, LabeledImages) {
    if let last, last.split == group.split, last.limit == group.images { return (last.training, last.test) }
    let (training, test) = groups.splits.split(
      group.split, of: images, seed: groups.seed, limit: group.images)
    last = (group.split, group.images, training, test)
    return (training, test)
  }
}
