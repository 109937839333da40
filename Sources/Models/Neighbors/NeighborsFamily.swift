package import Compute
package import Datasets
package import Progress
internal import Text

extension ModelKind {
  package static let knn = ModelKind("knn")
}

extension ModelSettings {
  package static func knn(_ settings: NeighborsSettings) -> ModelSettings { ModelSettings(.knn, settings) }
}

/// k-nearest neighbors.
package enum NeighborsFamily: ModelFamily {
  package typealias Model = NearestNeighbors

  package static let kind = ModelKind.knn
  package static let title = "Nearest neighbors"
  package static let noun = "a k-nearest neighbors model"
  package static let discussion = """
    The search is exact: it finds the same neighbors as a comparison with every training image. The model contains \
    all training images, so its file is as large as they are.

    Example:  atelier train knn --neighbors 7 --weights distance
    """
  package static let searchExample = "--neighbors 3,5,7,9,11 --weights uniform,distance"
  package static let mainSettings = ["neighbors", "metric", "weights", "components"]
  package static let predictsOnWorkers = true
  package static let predictionUnit = FitProgress.Unit.queries

  package static var reference: ReferenceModel? {
    var settings = NeighborsSettings()
    settings.neighbors = 7
    return ReferenceModel(settings: .knn(settings), accuracy: 0.8626, knownDigest: "08fead47afe26b91")
  }

  package static func summary(of settings: NeighborsSettings) -> String {
    counted(settings.neighbors, "neighbor")
  }

  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: NeighborsSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> NearestNeighbors {
    try NearestNeighbors.fit(images, classCount: classCount, settings: settings, on: context, progress: progress)
  }

  package static func distribution(of settings: NeighborsSettings) -> FitDistribution { .coordinator }

  package static func check(
    _ settings: NeighborsSettings, images count: Int, shape: ImageShape
  ) throws(ModelError) {
    try settings.check(images: count, shape: shape)
  }

  package static func memory(
    of settings: NeighborsSettings, images count: Int, shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate {
    settings.memory(images: count, of: shape, queries: queries, threads: threads)
  }

  package static func cost(of settings: NeighborsSettings) -> Double {
    settings.components.map { Double($0) } ?? 1_000
  }

  /// All numbers of neighbors and all weightings are votes of one search, and searches by principal components share
  /// their computation.
  package static func sharingKey(of settings: NeighborsSettings) -> [String: String] {
    var key = settings.text.filter { !["neighbors", "weights"].contains($0.key) }
    if settings.components != nil { (key["components"], key["whitening"]) = ("some", nil) }
    return key
  }

  package static func fitShared(
    _ members: [NeighborsSettings], on images: LabeledImages, classCount: Int, context: ComputeContext,
    progress: @escaping (FitProgress) -> Bool
  ) throws -> SharedPredictor {
    for member in members { try member.check(images: images.count, shape: images.shape) }
    let analysis =
      members[0].components == nil
      ? nil
      : try PrincipalComponents.Analysis(of: images, on: context) { report in
        guard progress(report) else { throw CancellationError() }
      }
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
        images, classCount: classCount, settings: largest, analysis: analysis, on: context, progress: progress)
      return (model, indices)
    }
    return { images in
      var results = [[Float]](repeating: [], count: members.count)
      for (model, indices) in searches {
        let nearest = try model.nearest(model.configuration.neighbors, to: images, on: context, progress: progress)
        for index in indices {
          let member = members[index]
          results[index] = model.vote(of: nearest, neighbors: member.neighbors, weights: member.weights)
        }
      }
      return results
    }
  }

  package static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> NearestNeighbors {
    try NearestNeighbors(tensors: tensors, settings: settings, imageShape: imageShape, classCount: classCount)
  }

  package static func heldOutPredictions(
    of model: NearestNeighbors, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions {
    try model.leaveOneOutPredictions(on: context, progress: progress)
  }
}
