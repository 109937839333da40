package import Compute
package import Datasets
package import Models
package import Progress

/// Runs one ``FitGroup``: a single fit that contains the fits of all members. Each member's scores equal those of a
/// separate fit.
package struct SharedFit {
  private let members: [ModelSettings]
  private let training: LabeledImages
  private let test: LabeledImages
  private let classCount: Int
  private let context: ComputeContext
  private let available: Int?
  private let progress: (FitProgress) -> Bool

  /// - Parameters:
  ///   - available: the memory in bytes that a fit may use; nil: no limit
  ///   - progress: called with the progress of the fit; returns false to stop
  /// - Throws: ``ModelError`` for settings that cannot be read.
  package init(
    _ group: FitGroup, training: LabeledImages, test: LabeledImages, classCount: Int, on context: ComputeContext,
    available: Int? = nil, progress: @escaping (FitProgress) -> Bool
  ) throws(ModelError) {
    members = try group.members.map { text throws(ModelError) in try ModelSettings(group.kind, text) }
    (self.training, self.test, self.classCount) = (training, test, classCount)
    (self.context, self.available, self.progress) = (context, available, progress)
  }

  /// Fits the group and scores each member.
  /// - Returns: one result for each member, in the order of the group
  /// - Throws: `CancellationError` if stopped; ``ModelError/insufficientMemory(_:)`` if a member needs more memory than
  ///   is available: this depends on the host, and is no result of the fit
  package func run() throws -> [(outcome: FitOutcome, time: FitTime)] {
    let start = ContinuousClock.now
    do {
      for member in members {
        try member.memory(
          images: training.count, of: training.shape, classCount: classCount, queries: test.count,
          threads: context.team.count
        ).check(available: available)
      }
      let probabilities = try members[0].kind.family.fitShared(
        members, on: training, classCount: classCount, context: context, progress: progress)
      let fitted = ContinuousClock.now
      let outcomes = try probabilities(test).map {
        FitOutcome(probabilities: $0, labels: test.labels, classCount: classCount)
      }
      let count = Double(max(members.count, 1))
      let time = FitTime(
        fitSeconds: (fitted - start) / .seconds(1) / count,
        scoreSeconds: (ContinuousClock.now - fitted) / .seconds(1) / count)
      return outcomes.map { ($0, time) }
    } catch let error as ModelError {
      if case .insufficientMemory = error { throw error }
      guard members.count > 1 else {
        let time = FitTime(fitSeconds: (ContinuousClock.now - start) / .seconds(1), scoreSeconds: 0)
        return [(FitOutcome(failure: "\(error)"), time)]
      }
      // Some member has impossible settings; separate fits keep it from failing the others.
      return try members.flatMap { try SharedFit([$0], like: self).run() }
    }
  }

  private init(_ members: [ModelSettings], like other: SharedFit) {
    self.members = members
    (training, test, classCount) = (other.training, other.test, other.classCount)
    (context, available, progress) = (other.context, other.available, other.progress)
  }
}
