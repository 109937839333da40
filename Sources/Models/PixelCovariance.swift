internal import Compute
internal import Datasets
internal import KernelInterface
internal import Progress

/// The covariance of the pixels of images, from exact integer sums.
struct PixelCovariance {
  /// (pixels), over the images.
  let sums: [Int]
  /// (pixels, pixels), of bytes, divided by the number of images less one.
  let matrix: [Double]

  /// Sums and products are computed by the kernel of the neighbor search: pixels are its rows and queries, images the
  /// positions in a row.
  ///
  /// - Parameters:
  ///   - images: at least one
  ///   - progress: called with the number of pixels whose covariances are done; throws to stop
  init(
    of images: LabeledImages, on context: ComputeContext, progress: (FitProgress) throws -> Void
  ) rethrows {
    let (pixels, count) = (images.shape.count, images.count)
    let words = (count + 3) / 4
    let tiles = (pixels + 15) / 16
    let rows = AlignedBuffer<UInt8>(count: tiles * words * 64)
    let queries = AlignedBuffer<Int32>(count: pixels * words)
    let queryBytes = UnsafeMutableRawPointer(queries.pointer).assumingMemoryBound(to: UInt8.self)
    var sums = [Int](repeating: 0, count: pixels)
    images.pixels.withUnsafeBufferPointer { bytes in
      for image in 0..<count {
        for pixel in 0..<pixels {
          let byte = bytes[image * pixels + pixel]
          rows.pointer[((pixel >> 4) * words + image >> 2) * 64 + (pixel & 15) * 4 + image & 3] = byte
          queryBytes[pixel * words * 4 + image] = byte ^ 128
          sums[pixel] += Int(byte)
        }
      }
    }
    let n = Double(count)
    var covariance = [Double](repeating: 0, count: pixels * pixels)
    try covariance.withUnsafeMutableBufferPointer { covariance in
      let target = covariance.baseAddress!
      func compute(_ block: Int) {
        let first = block * 6
        let queryCount = min(6, pixels - first)
        let totals = AlignedBuffer<Double>(count: queryCount * tiles * 16)
        for word in stride(from: 0, to: words, by: 16384) {
          context.kernels.compareBytes(
            .products, queries: queryCount, tiles: tiles, words: min(16384, words - word),
            rows: rows.pointer + word * 64, tileWords: words, queryWords: queries.pointer + first * words + word,
            queryStride: words, totals: totals.pointer)
        }
        for query in 0..<queryCount {
          for pixel in 0..<pixels {
            let product = totals.pointer[query * tiles * 16 + pixel] + 128 * Double(sums[pixel])
            target[(first + query) * pixels + pixel] =
              (n * product - Double(sums[first + query]) * Double(sums[pixel])) / (n * max(n - 1, 1))
          }
        }
      }
      let blocks = (pixels + 5) / 6
      let blocksPerCall = 4 * context.team.count
      for firstBlock in stride(from: 0, to: blocks, by: blocksPerCall) {
        context.team.forEach(min(blocksPerCall, blocks - firstBlock)) { offset, _ in compute(firstBlock + offset) }
        try progress(FitProgress(done: min(pixels, (firstBlock + blocksPerCall) * 6), total: pixels, unit: .pixels))
      }
    }
    (self.sums, matrix) = (sums, covariance)
  }
}
