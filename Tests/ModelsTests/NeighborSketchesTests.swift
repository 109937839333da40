import Compute
import Datasets
import Models
import Testing

/// Searches by way of sketches find the same neighbors, with the same bits of the distances, as a plain comparison of
/// all rows.
@Suite struct NeighborSketchesTests {
  private let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)
  private static let rowCount = 1100
  private static let queryCount = 20

  // MARK: Data

  enum Data: String, CaseIterable, Sendable {
    /// Sums of a few large patches of light, as images of things are.
    case smooth
    case noise, constant
    /// Few distinct rows.
    case duplicated
    /// Only the bytes 0 and 255.
    case extreme
    /// Smooth rows, and a few of ordinary noise and of the greatest values.
    case outliers
    /// Rows with one bright pixel each, all at the same distance from a black query.
    case ties
    /// Few bright pixels in large rows of zeros, and rows of zeros only.
    case sparse
  }

  private static func random(_ key: UInt32, _ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: Philox.words(seed: 11, .test, key, UInt32(index)).x)
  }

  static func pixels(_ data: Data, _ count: Int, _ shape: ImageShape, key: UInt32) -> [UInt8] {
    func smooth(_ row: Int) -> [UInt8] {
      (0..<shape.count).map { place in
        let (pixel, channel) = (place / shape.channels, place % shape.channels)
        let (y, x) = (Double(pixel / shape.width), Double(pixel % shape.width))
        var light = 0.0
        for patch in 0..<4 {
          let numbers = (0..<4).map { Double(random(key + 7, (row * 4 + patch) * 4 + $0)) / 255 }
          let dy = (y / Double(shape.height) - numbers[0]) * 2.5
          let dx = (x / Double(shape.width) - numbers[1]) * 2.5
          light += numbers[2] * 300 * max(0, 1 - dx * dx - dy * dy) * (channel == patch % 3 ? 1 : numbers[3])
        }
        return UInt8(min(255, light))
      }
    }
    func row(_ row: Int) -> [UInt8] {
      let noise = { (0..<shape.count).map { random(key, row * shape.count + $0) } }
      switch data {
      case .smooth: return smooth(row)
      case .noise: return noise()
      case .constant: return [UInt8](repeating: 77, count: shape.count)
      case .duplicated: return smooth(row % 7)
      case .extreme: return noise().map { $0 < 128 ? 0 : 255 }
      case .outliers:
        return row % 100 == 3 ? noise() : row % 100 == 50 ? [UInt8](repeating: 255, count: shape.count) : smooth(row)
      case .ties: return (0..<shape.count).map { $0 == row * 31 % shape.count && key == 1 ? 200 : 0 }
      case .sparse: return row % 9 == 0 ? [UInt8](repeating: 0, count: shape.count) : noise().map { $0 < 250 ? 0 : $0 }
      }
    }
    return (0..<count).flatMap(row)
  }

  /// Principal components of the same images would have this form: components with decreasing ranges.
  static func floats(_ data: Data, _ count: Int, length: Int, key: UInt32) -> [Float] {
    let bytes = pixels(data, count, ImageShape(height: 1, width: length, channels: 1), key: key)
    return bytes.enumerated().map { place, byte in (Float(byte) - 99.7) * 30 / Float(1 + place % length) }
  }

  // MARK: Reference

  /// The sums of the full comparison, one after the other, in the order of the contract of `NeighborKernels`.
  private static func brute(
    _ k: Int, _ metric: DistanceMetric, _ training: NeighborIndex.Rows, _ queries: NeighborIndex.Rows
  ) -> [[Neighbor]] {
    func inverse(_ squares: Double) -> Double { squares > 0 ? 1 / squares.squareRoot() : 0 }
    func keys(_ query: Int) -> (keys: [Double], distance: (Double) -> Double) {
      switch (training, queries) {
      case (.bytes(let rows, let length), .bytes(let others, _)):
        let q = others[query * length..<(query + 1) * length].map { Int($0) }
        let inverseNorm = inverse(Double(q.reduce(0) { $0 + $1 * $1 }))
        let keys = (0..<rows.count / length).map { row -> Double in
          var (product, squares, square, difference) = (0, 0, 0, 0)
          for place in 0..<length {
            let value = Int(rows[row * length + place])
            product += value * q[place]
            squares += value * value
            square += (value - q[place]) * (value - q[place])
            difference += abs(value - q[place])
          }
          switch metric {
          case .euclidean: return Double(square)
          case .manhattan: return Double(difference)
          case .cosine: return Double(product) * -inverse(Double(squares))
          }
        }
        return (
          keys,
          { key in
            switch metric {
            case .euclidean: key.squareRoot()
            case .manhattan: key
            case .cosine: max(0, 1 + key * inverseNorm)
            }
          }
        )
      case (.floats(let rows, let length), .floats(let others, _)):
        let q = Array(others[query * length..<(query + 1) * length])
        let inverseNorm = inverse(q.reduce(0.0) { $0 + Double($1) * Double($1) })
        let keys = (0..<rows.count / length).map { row -> Double in
          var (sum, squares) = (Float(0), 0.0)
          for place in 0..<length {
            let value = rows[row * length + place]
            squares += Double(value) * Double(value)
            switch metric {
            case .euclidean: sum.addProduct(value - q[place], value - q[place])
            case .manhattan: sum += abs(value - q[place])
            case .cosine: sum.addProduct(value, q[place])
            }
          }
          return metric == .cosine ? Double(sum) * -inverse(squares) : Double(sum)
        }
        return (
          keys,
          { key in
            switch metric {
            case .euclidean: max(0, key).squareRoot()
            case .manhattan: key
            case .cosine: max(0, 1 + key * inverseNorm)
            }
          }
        )
      default: return ([], { $0 })
      }
    }
    let count =
      switch queries {
      case .bytes(let values, let length): values.count / length
      case .floats(let values, let length): values.count / length
      }
    return (0..<count).map { query in
      let (keys, distance) = keys(query)
      return keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.prefix(k)
        .map { Neighbor(row: $0, distance: distance(keys[$0])) }
    }
  }

  private func expectEqual(
    _ training: NeighborIndex.Rows, _ queries: NeighborIndex.Rows, _ metric: DistanceMetric, shape: ImageShape?,
    _ comment: String
  ) {
    let index = NeighborIndex(training, metric: metric, shape: shape, on: context)
    index.makeSketches(on: context)
    for k in [1, 7, 34] {
      let expected = Self.brute(k, metric, training, queries)
      for set in InstructionSet.available {
        let found = index.nearest(k, to: queries, kernels: set.kernels)
        #expect(found == expected, "\(comment), k \(k), \(set)")
      }
    }
  }

  // MARK: Equality

  @Test(arguments: Data.allCases, DistanceMetric.allCases) func bytesHaveSameNeighbors(
    data: Data, metric: DistanceMetric
  ) {
    for shape in [ImageShape(height: 17, width: 13, channels: 1), .init(height: 9, width: 8, channels: 3)] {
      func rows(_ count: Int, _ key: UInt32) -> NeighborIndex.Rows {
        .bytes(Self.pixels(data, count, shape, key: key), length: shape.count)
      }
      expectEqual(rows(Self.rowCount, 1), rows(Self.queryCount, 2), metric, shape: shape, "\(data), \(shape)")
    }
  }

  @Test(arguments: Data.allCases, DistanceMetric.allCases) func floatsHaveSameNeighbors(
    data: Data, metric: DistanceMetric
  ) {
    for length in [33, 61, 120] {
      func rows(_ count: Int, _ key: UInt32) -> NeighborIndex.Rows {
        .floats(Self.floats(data, count, length: length, key: key), length: length)
      }
      expectEqual(rows(Self.rowCount, 1), rows(Self.queryCount, 2), metric, shape: nil, "\(data), \(length)")
    }
  }

  /// Queries that have nothing in common with the training rows are clamped to the range of the sketches.
  @Test(arguments: DistanceMetric.allCases) func strangeQueriesHaveSameNeighbors(metric: DistanceMetric) {
    let shape = ImageShape(height: 14, width: 14, channels: 1)
    let dark = Self.pixels(.smooth, Self.rowCount, shape, key: 1).map { $0 / 16 }
    let strange =
      Self.pixels(.extreme, Self.queryCount / 2, shape, key: 2)
      + Self.pixels(.smooth, Self.queryCount / 2, shape, key: 1)
    expectEqual(.bytes(dark, length: 196), .bytes(strange, length: 196), metric, shape: shape, "strange")
  }

  /// Values so small or so large that sums of floats underflow, or overflow to infinity and NaN.
  @Test(arguments: DistanceMetric.allCases, [Float(1e-30), 1e-22, 1e-20, 1e12, 1e16, 1e17, 1e18, 1e19, 1e38])
  func floatsOfExtremeMagnitudeHaveSameNeighbors(metric: DistanceMetric, scale: Float) {
    func values(_ count: Int, _ key: UInt32) -> [Float] {
      Self.floats(.smooth, count, length: 64, key: key).map { $0 * scale }
    }
    let index = NeighborIndex(.floats(values(Self.rowCount, 1), length: 64), metric: metric, on: context)
    let queries = NeighborIndex.Rows.floats(values(Self.queryCount, 2), length: 64)
    let expected = index.nearest(7, to: queries, kernels: context.kernels)
    index.makeSketches(on: context)
    #expect(index.nearest(7, to: queries, kernels: context.kernels) == expected)
  }

  // MARK: Bounds

  /// A search whose radius is the very distance of a row always finds this row.
  @Test(arguments: Data.allCases, DistanceMetric.allCases) func boundsNeverExceedDistances(
    data: Data, metric: DistanceMetric
  ) {
    let shape = ImageShape(height: 16, width: 13, channels: 1)
    let training = Self.pixels(data, Self.rowCount, shape, key: 1)
    let index = NeighborIndex(
      .bytes(training, length: shape.count), metric: metric, shape: shape, on: context)
    index.makeSketches(on: context)
    #expect(index.hasSketches == (data != .constant))
    for kind in [data, .extreme, .noise, .smooth] {
      for query in 0..<3 {
        let pixels = Array(Self.pixels(kind, 3, shape, key: 2)[query * shape.count..<(query + 1) * shape.count])
        let distances = (0..<Self.rowCount).map { row -> Double in
          let pairs = zip(training[row * shape.count..<(row + 1) * shape.count], pixels).map {
            (Double($0), Double($1))
          }
          switch metric {
          case .euclidean: return pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
          case .manhattan: return pairs.reduce(0) { $0 + abs($1.0 - $1.1) }
          case .cosine:
            let norms = pairs.reduce(0) { $0 + $1.0 * $1.0 } * pairs.reduce(0) { $0 + $1.1 * $1.1 }
            let cosine = norms > 0 ? pairs.reduce(0) { $0 + $1.0 * $1.1 } / norms.squareRoot() : 0
            return max(1e-12, 2 - 2 * cosine).squareRoot()
          }
        }
        let wrong = index.rowsNearerThanTheirBounds(
          query: .bytes(pixels, length: shape.count), distances: distances, kernels: context.kernels)
        #expect(wrong.isEmpty, "\(data) and \(kind)")
      }
    }
  }

  // MARK: Work

  private func comparisons(_ data: Data, _ metric: DistanceMetric, forced: Bool = false) -> Double {
    let shape = ImageShape(height: 16, width: 16, channels: 1)
    let (rows, queries) = (6000, 50)
    let index = NeighborIndex(
      .bytes(Self.pixels(data, rows, shape, key: 1), length: 256), metric: metric, shape: shape, on: context)
    if forced { index.makeSketches(on: context) } else { index.prepare(queries: 1 << 20, on: context) }
    #expect(index.hasSketches == (forced || data == .smooth))
    let queryRows = NeighborIndex.Rows.bytes(Self.pixels(data, queries, shape, key: 2), length: 256)
    return Double(index.search(7, to: queryRows, kernels: context.kernels).fullComparisons)
      / Double(rows * queries)
  }

  @Test(arguments: DistanceMetric.allCases) func mostRowsOfSmoothImagesAreLeftOut(metric: DistanceMetric) {
    #expect(comparisons(.smooth, metric) < 0.2)
  }

  /// Where nearly all rows are candidates, all are compared, each about once.
  @Test(arguments: DistanceMetric.allCases) func noiseIsComparedInFull(metric: DistanceMetric) {
    #expect((0.99...1.01).contains(comparisons(.noise, metric)))
    #expect((0.9...1.05).contains(comparisons(.noise, metric, forced: true)))
  }

  @Test func shortSearchesHaveNoSketches() {
    let index = NeighborIndex(
      .bytes(Self.pixels(.smooth, Self.rowCount, ImageShape(height: 16, width: 16, channels: 1), key: 1), length: 256),
      metric: .euclidean, on: context)
    index.prepare(queries: 100, on: context)
    #expect(!index.hasSketches)
    index.prepare(queries: 10_000, on: context)
    #expect(index.hasSketches)
  }

  // MARK: Fashion-MNIST

  @Test(arguments: DistanceMetric.allCases) func fashionMNISTHasSameNeighbors(metric: DistanceMetric) throws {
    let data = try Dataset.load(environment: [:])
    let index = NeighborIndex(
      .bytes(data.train.pixels, length: 784), metric: metric, shape: data.train.shape, on: context)
    let queries = NeighborIndex.Rows.bytes(data.test.prefix(200).pixels, length: 784)
    let all = index.search(7, to: queries, kernels: context.kernels)
    index.prepare(queries: 10_000, on: context)
    let some = index.search(7, to: queries, kernels: context.kernels)
    #expect(all.neighbors == some.neighbors)
    #expect(all.fullComparisons == 200 * 60_000)
    #expect(some.fullComparisons < 200 * 60_000 / 20, "\(some.fullComparisons)")
  }
}
