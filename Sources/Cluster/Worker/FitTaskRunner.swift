internal import Compute
internal import Coordination
internal import Datasets
internal import Foundation
internal import Models
internal import Selection

/// Runs fits of a sweep, which the chunk's file describes. The result is ``FitResults``.
final class FitTaskRunner: TaskRunner {
  private let groups: (_ file: Data, _ isCancelled: () -> Bool) throws -> FitGroups
  private let images: LabeledImages
  private let imagesName: SHA256
  private let lastDivision: LastDivision
  private let classCount: Int
  private let context: ComputeContext
  /// Measured once, so that a fit's limit does not depend on the fits before it.
  private let available = availableMemory()

  /// - Parameters:
  ///   - name: identifies the images
  ///   - groups: Returns the content of the file of this name. Throws `CancellationError` if the chunk is canceled
  ///     before the file has arrived.
  init(
    images: LabeledImages, named name: SHA256, dividedBy lastDivision: LastDivision, classCount: Int,
    on context: ComputeContext, groups: @escaping (_ file: Data, _ isCancelled: () -> Bool) throws -> FitGroups
  ) {
    (self.images, imagesName, self.lastDivision) = (images, name, lastDivision)
    (self.classCount, self.context, self.groups) = (classCount, context, groups)
  }

  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] {
    let tasks = chunk.tasks
    let groups = try groups(chunk.file, { !progress(0) })
    guard groups.numbers.lowerBound <= tasks.lowerBound, tasks.upperBound <= groups.numbers.upperBound else {
      throw JobError("the file does not contain the fits \(tasks.lowerBound) to \(tasks.upperBound - 1)")
    }
    var results = FitResults()
    for task in tasks {
      let group = groups[task]
      let (training, test) = divide(group, groups)
      do {
        results.add(
          try withoutActuallyEscaping(progress) { progress in
            try SharedFit(
              group, training: training, test: test, classCount: classCount, on: context, available: available
            ) { _ in
              progress(task - tasks.lowerBound)
            }.run()
          })
      } catch let error as ModelError {
        // Another worker may have enough memory.
        if case .insufficientMemory = error { throw error }
        // A failure must not affect the other fits of the chunk.
        let time = FitTime(fitSeconds: 0, scoreSeconds: 0)
        results.add(group.members.map { _ in (FitOutcome(failure: "\(error)"), time) })
      }
    }
    return results.bytes
  }

  func checkedCount(of bytes: [UInt8]) -> Int { FitResults.checkedCount(of: bytes) }

  private func divide(_ group: FitGroup, _ groups: FitGroups) -> (training: LabeledImages, test: LabeledImages) {
    let division = ImageDivision(groups.splits, seed: groups.seed, split: group.split, images: group.images)
    return lastDivision.divide(images, named: imagesName, by: division)
  }
}
