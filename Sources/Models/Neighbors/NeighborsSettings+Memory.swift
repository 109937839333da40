internal import Datasets

extension NeighborsSettings {
  func memory(images: Int, of shape: ImageShape, queries: Int, threads: Int) -> MemoryEstimate {
    let (count, pixels) = (Double(images), Double(shape.count))
    let lists = Double(min(queries, 96 * 2 * threads) + 2 * queries)
    var estimate = MemoryEstimate()
    guard (try? check(images: images, shape: shape)) != nil else { return estimate }
    estimate.computing = [
      .init(
        bytes: count * (pixels + 16), cause: "the index of the images", remedy: "use fewer or smaller images"),
      // A row number and a distance.
      .init(bytes: lists * Double(neighbors) * 16, cause: "neighbors \(neighbors)", remedy: "lower --neighbors"),
    ]
    guard let components else { return estimate }
    let projected = (2 * count + Double(queries)) * Double(components) * 4
    let analysis = 2 * count * pixels + 3 * pixels * pixels * 8
    estimate.collecting = [
      .init(
        bytes: max(projected, analysis), cause: "components \(components)",
        remedy: "lower --components, or use fewer or smaller images")
    ]
    return estimate
  }
}
