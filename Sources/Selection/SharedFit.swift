package import Compute
package import Datasets
internal import Evaluation
package import Models

/// Carries out one ``FitGroup``: the largest fit, of which all members are parts. Each member's scores are those of a fit of its own.
package struct SharedFit {
  private let members: [ModelSettings]
  private let training: LabeledImages
  private let test: LabeledImages
  private let classCount: Int
  private let context: ComputeContext
  private let progress: (FitProgress) -> Bool

  /// - Parameter progress: false stops it.
  /// - Throws: ``ModelError`` for settings that cannot be read.
  package init(
    _ group: FitGroup, training: LabeledImages, test: LabeledImages, classCount: Int, on context: ComputeContext,
    progress: @escaping (FitProgress) -> Bool
  ) throws(ModelError) {
    members = try group.members.map { text throws(ModelError) in
      switch group.kind {
      case .cnn: .cnn(try NetworkSettings(text: text))
      case .forest: .forest(try ForestSettings(text))
      case .tree: .tree(try TreeSettings(text))
      case .knn: .knn(try NeighborsSettings(text: text))
      }
    }
    (self.training, self.test, self.classCount) = (training, test, classCount)
    (self.context, self.progress) = (context, progress)
  }

  /// - Returns: of each member, in their order
  /// - Throws: `CancellationError` if stopped
  package func run() throws -> [(outcome: FitOutcome, time: FitTime)] {
    let start = ContinuousClock.now
    do {
      let probabilities = try fit()
      let fitted = ContinuousClock.now
      let outcomes = try probabilities().map(judge)
      let share = Double(max(members.count, 1))
      let time = FitTime(
        fitSeconds: (fitted - start) / .seconds(1) / share,
        scoreSeconds: (ContinuousClock.now - fitted) / .seconds(1) / share)
      return outcomes.map { ($0, time) }
    } catch let error as ModelError {
      guard members.count > 1 else {
        let time = FitTime(fitSeconds: (ContinuousClock.now - start) / .seconds(1), scoreSeconds: 0)
        return [(FitOutcome(failure: "\(error)"), time)]
      }
      // One of them asks for what cannot be; the others shall not suffer from it.
      return try members.flatMap { try SharedFit([$0], like: self).run() }
    }
  }

  private init(_ members: [ModelSettings], like other: SharedFit) {
    self.members = members
    (training, test, classCount) = (other.training, other.test, other.classCount)
    (context, progress) = (other.context, other.progress)
  }

  private func judge(_ probabilities: [Float]) -> FitOutcome {
    do {
      let evaluation = try Evaluation(
        probabilities: probabilities, labels: test.labels, classNames: (0..<classCount).map(String.init))
      return FitOutcome(
        scores: Dictionary(uniqueKeysWithValues: ScoreMetric.allCases.map { ($0.rawValue, $0.score(evaluation)) }))
    } catch {
      return FitOutcome(failure: "\(error)")
    }
  }

  // MARK: What members have in common

  /// Fits once; what is returned gives the probabilities of the test images by each member: (images, classes) each.
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
      try members.map { member in
        let cut = member.maxDepth == deepest.maxDepth ? tree : tree.cut(toDepth: member.maxDepth!)
        return try cut.probabilities(for: test, on: context, progress: progress)
      }
    }
  }

  /// nil is no limit.
  private static func deepest(_ limits: [Int?]) -> Int? {
    limits.contains(nil) ? nil : limits.compactMap { $0 }.max()
  }

  private func fitNeighbors() throws -> () throws -> [[Float]] {
    let members = members.compactMap { if case .knn(let settings) = $0 { settings } else { nil } }
    for member in members { try member.validate(images: training.count, shape: training.shape) }
    var largest = members[0]
    largest.neighbors = members.map(\.neighbors).max()!
    let model = try NearestNeighbors.fit(
      training, classCount: classCount, settings: largest, on: context, progress: progress)
    return {
      let nearest = try model.nearest(largest.neighbors, to: test, on: context, progress: progress)
      return members.map { member in
        nearest.flatMap { model.vote(Array($0.prefix(member.neighbors)), weights: member.weights) }
      }
    }
  }

  private func fitNetworks() throws -> () throws -> [[Float]] {
    let networks = try members.map {
      try $0.fit(training, classCount: classCount, on: context, progress: progress)
    }
    return { try networks.map { try $0.probabilities(for: test, on: context, progress: progress) } }
  }
}
