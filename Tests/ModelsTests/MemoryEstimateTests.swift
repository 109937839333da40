import Datasets
import Models
import Testing

@Suite struct MemoryEstimateTests {
  private static let fashion = ImageShape(height: 28, width: 28, channels: 1)

  private func estimate(
    _ settings: ModelSettings, images: Int = 60_000, shape: ImageShape = fashion, threads: Int = 2, queries: Int = 96
  ) -> MemoryEstimate {
    settings.memory(images: images, of: shape, classCount: 10, queries: queries, threads: threads)
  }

  private static let standard: [ModelSettings] = [
    .cnn(NetworkSettings()), .cnn(NetworkSettings.best), .forest(ForestSettings()), .tree(TreeSettings()),
    .knn(NeighborsSettings()),
  ]

  @Test(arguments: standard, [1, 2, 8]) func standardSettingsFitInTwoGibibytes(
    settings: ModelSettings, threads: Int
  ) throws {
    let estimate = estimate(settings, threads: threads)
    #expect(estimate.bytes < Double(1 << 31) - 2 * 60_000 * 784, "\(settings.kind): \(estimate.bytes)")
    try estimate.check(available: 1 << 31)
  }

  @Test func errorNamesSettingThatNeedsMost() throws {
    var network = NetworkSettings()
    (network.filters, network.batch, network.shards) = ([4096, 4096], 65536, 1)
    var wide = NetworkSettings()
    (wide.filters, wide.dense) = ([64], [8192, 8192])
    var forest = ForestSettings()
    forest.trees = 100_000
    var neighbors = NeighborsSettings()
    neighbors.neighbors = 60_000
    for (settings, queries, words) in [
      (ModelSettings.cnn(network), 96, ["batch 60000 and filters 4096,4096", "lower --batch or --filters"]),
      (.cnn(wide), 96, ["dense 8192,8192", "lower --dense"]),
      (.forest(forest), 96, ["trees 100000", "lower --trees or --max-depth"]),
      (.knn(neighbors), 10_000, ["neighbors 60000", "lower --neighbors"]),
    ] {
      let error = #expect(throws: ModelError.self) {
        try estimate(settings, queries: queries).check(available: 1 << 31)
      }
      for word in words { #expect(error?.description.contains(word) == true, "\(String(describing: error))") }
      #expect(error?.description.contains("only 2.0 GiB are available") == true, "\(String(describing: error))")
    }
  }

  @Test func addsUpWorkersOfOneMachine() throws {
    let estimate = estimate(.cnn(NetworkSettings()))
    let enough = Int(estimate.bytes) + 1
    try estimate.check(available: enough)
    #expect(throws: ModelError.self) { try estimate.check(processes: 8, available: enough) }
    try estimate.check(available: nil)
    try estimate.check(processes: 0, collects: false, available: 0)
  }

  @Test func estimatesExtremeSettings() throws {
    let huge = ImageShape(height: 1 << 20, width: 1 << 20, channels: 3)
    var tree = TreeSettings()
    (tree.maxDepth, tree.minSamplesLeaf) = (.max, .max)
    for settings in Self.standard + [.tree(tree)] {
      for threads in [1, 1024] {
        #expect(estimate(settings, images: 1 << 24, shape: huge, threads: threads, queries: 1 << 30).bytes.isFinite)
      }
    }
  }
}
