internal import Compute
internal import Datasets
internal import KernelInterface

/// Vectors of signed bytes, whose products with rows of bytes are features: see ``SketchFeatures``.
final class SketchBasis {
  let count: Int
  /// (count): makes features of products.
  let factors: [Double]
  /// (count, words of four bytes in a row)
  private let words: AlignedBuffer<Int32>

  // MARK: Blocks

  /// Makes the indicators of blocks of pixels, which are disjoint.
  ///
  /// - Parameter most: the most blocks
  init(blocksOf shape: ImageShape, count most: Int) {
    // More than four channels share blocks.
    let layers = min(shape.channels, 4)
    let side = Double(shape.height * shape.width * layers) / Double(most)
    let rows = max(1, min(shape.height, most / layers, Int((Double(shape.height) / side.squareRoot()).rounded(.down))))
    let columns = max(1, min(shape.width, most / (layers * rows)))
    count = layers * rows * columns
    factors = [Double](repeating: 1, count: count)
    let rowWords = (shape.count + 3) / 4
    words = AlignedBuffer(count: count * rowWords)
    let bytes = UnsafeMutableRawPointer(words.pointer).assumingMemoryBound(to: Int8.self)
    for place in 0..<shape.count {
      let (pixel, channel) = (place / shape.channels, place % shape.channels)
      let (row, column) = (pixel / shape.width * rows / shape.height, pixel % shape.width * columns / shape.width)
      let block = (channel * layers / shape.channels * rows + row) * columns + column
      bytes[block * rowWords * 4 + place] = 1
    }
  }

  // MARK: Directions of large variance

  /// Finds directions in which the rows differ most, from a sample, by subspace iteration (Halko, Martinsson and Tropp,
  /// "Finding Structure with Randomness", 2011), starting with some of the rows. Approximate directions suffice.
  ///
  /// - Parameters:
  ///   - most: the most vectors, at most 64
  ///   - sampleSize: the number of rows in the sample; fewer of long rows
  ///   - isNormalized: whether to divide rows by their lengths first
  init(
    of rows: NeighborIndex.Rows, count most: Int, isNormalized: Bool, sampleSize: Int, on context: ComputeContext
  ) {
    guard case .bytes(let values, let length) = rows else { preconditionFailure("rows of bytes have a basis") }
    let numbers = rows.evenlySpaced(max(64, min(sampleSize, (4 << 20) / length)))
    let sample = Self.centered(values, length, numbers, isNormalized: isNormalized)
    var vectors = Self.iterate(sample, rows: numbers.count, length: length, most: most, on: context)
    let found = Self.orthonormalize(&vectors, length: length)
    vectors.withUnsafeMutableBufferPointer { Self.mix($0.baseAddress!, count: found, length: length) }
    count = found
    let rowWords = (length + 3) / 4
    words = AlignedBuffer(count: found * rowWords)
    let bytes = UnsafeMutableRawPointer(words.pointer).assumingMemoryBound(to: Int8.self)
    for vector in 0..<found {
      let source = vectors[vector * length..<(vector + 1) * length]
      let scale = 127 / source.reduce(0) { max($0, abs($1)) }
      for (place, value) in source.enumerated() {
        bytes[vector * rowWords * 4 + place] = Int8((value * scale).rounded())
      }
    }
    factors = Self.factors(bytes, count: found, stride: rowWords * 4)
  }

  /// Returns the factors 1 / (|b| s), where s is at least the largest singular value of the matrix of the vectors b /
  /// |b|. Its square, the largest eigenvalue of the matrix of their products, is at most the greatest sum of magnitudes
  /// in a row of it.
  private static func factors(_ bytes: UnsafePointer<Int8>, count: Int, stride: Int) -> [Double] {
    var products = [Double](repeating: 0, count: count * count)
    for a in 0..<count {
      for b in 0...a {
        var product = 0
        for first in Swift.stride(from: 0, to: stride, by: 65536) {
          var part: Int32 = 0
          for place in first..<min(first + 65536, stride) {
            part &+= Int32(bytes[a * stride + place]) &* Int32(bytes[b * stride + place])
          }
          product += Int(part)
        }
        (products[a * count + b], products[b * count + a]) = (Double(product), Double(product))
      }
    }
    let lengths = (0..<count).map { products[$0 * count + $0].squareRoot() }
    var greatest = 0.0
    for a in 0..<count {
      greatest = max(
        greatest, (0..<count).reduce(0) { $0 + abs(products[a * count + $1]) / (lengths[a] * lengths[$1]) })
    }
    return lengths.map { 1 / ($0 * (greatest * (1 + 0x1p-40)).squareRoot()) }
  }

  /// Returns the rows `numbers` less their mean: (numbers, length). They are scaled so that the sum of their squares is
  /// at most 1, and products with them never overflow.
  private static func centered(_ values: [UInt8], _ length: Int, _ numbers: [Int32], isNormalized: Bool) -> [Float] {
    var sample = [Float](repeating: 0, count: numbers.count * length)
    var means = [Float](repeating: 0, count: length)
    let share = 1 / Float(numbers.count)
    for (row, number) in numbers.enumerated() {
      let start = Int(number) * length
      var norm = 255 * Float(length).squareRoot()
      if isNormalized {
        norm = max(1, Float(values[start..<start + length].reduce(0) { $0 + Int($1) * Int($1) }).squareRoot())
      }
      let scale = share.squareRoot() / norm
      for place in 0..<length {
        let value = Float(values[start + place]) * scale
        sample[row * length + place] = value
        means[place] += value * share
      }
    }
    for row in numbers.indices {
      for place in 0..<length { sample[row * length + place] -= means[place] }
    }
    return sample
  }

  /// Returns vectors Y (S^T S)^2, where S is the sample, and Y some of its rows: (vectors, length).
  private static func iterate(
    _ sample: [Float], rows: Int, length: Int, most: Int, on context: ComputeContext
  ) -> [Float] {
    let (count, width, unit) = (min(most, rows), 64, 48)
    let vectors = AlignedBuffer<Float>(count: length * width)
    let products = AlignedBuffer<Float>(count: rows * width)
    for vector in 0..<count {
      let row = vector * rows / count
      for place in 0..<length { vectors.pointer[place * width + vector] = sample[row * length + place] }
    }
    for _ in 0..<2 {
      sample.withUnsafeBufferPointer { sample in
        context.team.forEach((rows + unit - 1) / unit) { index, _ in
          let first = index * unit
          context.kernels.multiplyMatrices(
            m: min(unit, rows - first), n: width, k: length, a: sample.baseAddress! + first * length, aRow: length,
            aColumn: 1, b: vectors.pointer, bRow: width, c: products.pointer + first * width, cRow: width,
            accumulate: false)
        }
        context.team.forEach((length + unit - 1) / unit) { index, _ in
          let first = index * unit
          context.kernels.multiplyMatrices(
            m: min(unit, length - first), n: width, k: rows, a: sample.baseAddress! + first, aRow: 1, aColumn: length,
            b: products.pointer, bRow: width, c: vectors.pointer + first * width, cRow: width, accumulate: false)
        }
      }
    }
    return (0..<count).flatMap { vector in (0..<length).map { vectors.pointer[$0 * width + vector] } }
  }

  /// Orthonormalizes vectors (modified Gram-Schmidt, twice, because the vectors are nearly parallel), leaves out those
  /// that depend on others, and returns the number of the remaining ones, the first.
  private static func orthonormalize(_ vectors: inout [Float], length: Int) -> Int {
    let count = vectors.count / length
    var found = 0
    vectors.withUnsafeMutableBufferPointer { vectors in
      for vector in 0..<count {
        let source = vectors.baseAddress! + vector * length
        let target = vectors.baseAddress! + found * length
        if vector != found { target.update(from: source, count: length) }
        let before = product(target, target, length).squareRoot()
        guard before > 0, before.isFinite else { continue }
        for _ in 0..<2 {
          for other in 0..<found {
            let base = vectors.baseAddress! + other * length
            let part = product(target, base, length)
            for place in 0..<length { target[place] -= part * base[place] }
          }
        }
        let after = product(target, target, length).squareRoot()
        guard after > 1e-5 * before else { continue }
        for place in 0..<length { target[place] /= after }
        found += 1
      }
    }
    return found
  }

  private static func product(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ length: Int) -> Float {
    var lanes = SIMD16<Float>()
    let whole = length / 16 * 16
    for place in stride(from: 0, to: whole, by: 16) {
      lanes +=
        UnsafeRawPointer(a + place).loadUnaligned(as: SIMD16<Float>.self)
        * UnsafeRawPointer(b + place).loadUnaligned(as: SIMD16<Float>.self)
    }
    var sum = lanes.sum()
    for place in whole..<length { sum += a[place] * b[place] }
    return sum
  }

  /// Rotates vectors so that all cover a share of each direction, and their products have similar ranges: rotations of
  /// pairs by 45 degrees, as in the Walsh-Hadamard transform.
  ///
  /// - Parameter vectors: (count, length), changed in place
  static func mix<Value: BinaryFloatingPoint>(_ vectors: UnsafeMutablePointer<Value>, count: Int, length: Int) {
    let root = Value(0.5).squareRoot()
    var distance = 1
    while distance < count {
      for first in 0..<count where first & distance == 0 && first + distance < count {
        let (a, b) = (vectors + first * length, vectors + (first + distance) * length)
        for place in 0..<length {
          (a[place], b[place]) = ((a[place] + b[place]) * root, (a[place] - b[place]) * root)
        }
      }
      distance *= 2
    }
  }

  // MARK: Products

  /// Returns the products of at most 16 rows with the vectors: [vector][16]. They are exact.
  func products(
    _ values: [UInt8], _ length: Int, _ numbers: ArraySlice<Int32>, _ kernels: any KernelSet.Type
  ) -> AlignedBuffer<Double> {
    let rowWords = (length + 3) / 4
    let tile = AlignedBuffer<UInt8>(count: (rowWords + 16) * 64)
    let totals = AlignedBuffer<Double>(count: count * 16)
    let all = (0..<16).map { numbers[min(numbers.startIndex + $0, numbers.endIndex - 1)] }
    values.withUnsafeBufferPointer { values in
      kernels.packTile(rows: values.baseAddress!, rowBytes: length, numbers: all, tile: tile.pointer)
    }
    kernels.compareBytes(
      .products, queries: count, tiles: 1, words: rowWords, rows: tile.pointer, tileWords: rowWords,
      queryWords: words.pointer, queryStride: rowWords, totals: totals.pointer)
    return totals
  }
}
