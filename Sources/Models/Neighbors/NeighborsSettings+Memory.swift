internal import Datasets

extension NeighborsSettings {
  func memory(images: Int, of shape: ImageShape, queries: Int, threads: Int) -> MemoryEstimate {
    let (count, pixels) = (Double(images), Double(shape.count))
    let lists = Double(min(queries, 512 * 2 * threads) + 2 * queries)
    var estimate = MemoryEstimate()
    guard (try? check(images: images, shape: shape)) != nil else { return estimate }
    // A row is stored once, by the images; the index adds its key and its sketch. The sketches' directions are found in
    // a sample of at most 4 million numbers.
    let sample = min(min(count, 1024) * pixels, 4e6) * 4
    estimate.computing = [
      .init(
        bytes: count * 96 + sample, cause: "the index of the images", remedy: "use fewer or smaller images"),
      // A row number and a distance.
      .init(bytes: lists * Double(neighbors) * 16, cause: "neighbors \(neighbors)", remedy: "lower --neighbors"),
    ]
    guard let components else { return estimate }
    let projected = (count + 2 * Double(queries)) * Double(components) * 4
    let analysis = 2 * count * pixels + 3 * pixels * pixels * 8
    estimate.collecting = [
      .init(
        bytes: max(projected, analysis), cause: "components \(components)",
        remedy: "lower --components, or use fewer or smaller images")
    ]
    return estimate
  }
}
