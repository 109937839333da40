package import Compute
package import Datasets
package import Models

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
      let probabilities = try fit()
      let fitted = ContinuousClock.now
      let outcomes = try probabilities().map {
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

  // MARK: Fits by kind of model

  /// Fits once, and returns a closure that computes the probabilities of the test images by each member: (images,
  /// classes) each.
  private func fit() throws -> () throws -> [[Float]] {
    switch members[0] {
    case .forest: try fitForest()
    case .tree: try fitTree()
    case .knn: try fitNeighbors()
    case .cnn: try fitNetworks()
    }
  }

  private func fitForest() throws -> () throws -> [[Float]] {
    let members = members.compactMap { if case .forest(let settings) = $0 { settings } else { nil } }
    for member in members { try member.check() }
    var largest = members[0]
    largest.trees = members.map(\.trees).max()!
    largest.tree.maxDepth = Self.deepest(members.map(\.tree.maxDepth))
    let forest = try Forest.fit(training, classCount: classCount, settings: largest, on: context, progress: progress)
    return {
      var results = [[Float]](repeating: [], count: members.count)
      for (_, indices) in Dictionary(grouping: members.indices, by: { members[$0].tree.maxDepth }) {
        let depth = members[indices[0]].tree.maxDepth
        let cut = depth == largest.tree.maxDepth ? forest : forest.cut(toDepth: depth!)
        let counts = Set(indices.map { members[$0].trees }).sorted()
        let probabilities = try cut.probabilities(ofFirst: counts, for: test, on: context, progress: progress)
        for index in indices { results[index] = probabilities[counts.firstIndex(of: members[index].trees)!] }
      }
      return results
    }
  }

  private func fitTree() throws -> () throws -> [[Float]] {
    let members = members.compactMap { if case .tree(let settings) = $0 { settings } else { nil } }
    for member in members { try member.check() }
    var deepest = members[0]
    deepest.maxDepth = Self.deepest(members.map(\.maxDepth))
    let tree = try DecisionTree.fit(
      training, classCount: classCount, settings: deepest, on: context, progress: progress)
    return {
      // All depth limits at or above the tree's depth give the same tree.
      let depth = tree.tree.depth
      var byLimit: [Int: [Float]] = [:]
      return try members.map { member in
        let limit = min(member.maxDepth ?? depth, depth)
        if let known = byLimit[limit] { return known }
        let cut = limit == depth ? tree : tree.cut(toDepth: limit)
        byLimit[limit] = try cut.probabilities(for: test, on: context, progress: progress)
        return byLimit[limit]!
      }
    }
  }

  /// Returns the highest of several depth limits, where nil means no limit.
  private static func deepest(_ limits: [Int?]) -> Int? {
    limits.contains(nil) ? nil : limits.compactMap { $0 }.max()
  }

  private func fitNeighbors() throws -> () throws -> [[Float]] {
    let members = members.compactMap { if case .knn(let settings) = $0 { settings } else { nil } }
    for member in members { try member.check(images: training.count, shape: training.shape) }
    let analysis =
      members[0].components == nil ? nil : PrincipalComponents.Analysis(of: training, on: context)
    // One search answers all members with the same distances. Each fold is a separate task, which searches only the
    // images outside the fold. For F folds, that is (F-1)/F of the distances of a search over all images that masks
    // those of the same fold, with the same neighbors.
    let searches = try Dictionary(grouping: members.indices) {
      "\(members[$0].components ?? 0) \(members[$0].whitening)"
    }
    .sorted { $0.value[0] < $1.value[0] }
    .map { _, indices in
      var largest = members[indices[0]]
      largest.neighbors = indices.map { members[$0].neighbors }.max()!
      let model = try NearestNeighbors.fit(
        training, classCount: classCount, settings: largest, analysis: analysis, on: context, progress: progress)
      return (model, indices)
    }
    return {
      var results = [[Float]](repeating: [], count: members.count)
      for (model, indices) in searches {
        let nearest = try model.nearest(model.configuration.neighbors, to: test, on: context, progress: progress)
        for index in indices {
          let member = members[index]
          results[index] = nearest.flatMap { model.vote(Array($0.prefix(member.neighbors)), weights: member.weights) }
        }
      }
      return results
    }
  }

  private func fitNetworks() throws -> () throws -> [[Float]] {
    let networks = try members.map {
      try $0.fit(training, classCount: classCount, on: context, progress: progress)
    }
    return { try networks.map { try $0.probabilities(for: test, on: context, progress: progress) } }
  }
}
