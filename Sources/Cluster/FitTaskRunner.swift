internal import Compute
internal import Datasets
internal import Models
internal import Selection

/// Units are fits of a sweep; their bytes are ``FitResults``.
final class FitTaskRunner: TaskRunner {
  private let groups: FitGroups
  private let images: LabeledImages
  private let classCount: Int
  private let context: ComputeContext
  /// The images of the last fit: the next one often has the same.
  private var last: (split: Int, limit: Int?, training: LabeledImages, test: LabeledImages)?

  init(_ groups: FitGroups, images: LabeledImages, classCount: Int, on context: ComputeContext) {
    (self.groups, self.images, self.classCount, self.context) = (groups, images, classCount, context)
  }

  func run(_ units: Range<Int>, progress: (Int) -> Bool) throws -> [UInt8] {
    guard units.upperBound <= groups.groups.count else {
      throw ModelError.badSettings("the sweep has only \(groups.groups.count) fits")
    }
    var results = FitResults()
    for unit in units {
      let group = groups.groups[unit]
      let (training, test) = divide(group)
      do {
        results.add(
          try withoutActuallyEscaping(progress) { progress in
            try SharedFit(group, training: training, test: test, classCount: classCount, on: context) { _ in
              progress(unit - units.lowerBound)
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

  private func divide(_ group: FitGroup) -> (LabeledImages, LabeledImages) {
    if let last, last.split == group.split, last.limit == group.images { return (last.training, last.test) }
    let (training, test) = groups.splits.split(
      group.split, of: images, seed: groups.seed, limit: group.images)
    last = (group.split, group.images, training, test)
    return (training, test)
  }
}
