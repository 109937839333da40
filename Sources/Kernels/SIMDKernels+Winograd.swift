package import KernelInterface

extension SIMDKernels {
  package static func convolveByWinogradAndPool(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>
  ) {
    forEachWindow(shape, images, input, weights, scratch) { window, plane, place in
      let position = (plane * shape.windows + place.window) * 16
      window.pool(into: output + position, winners + position)
    }
  }

  package static func convolveByWinograd(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    let row = 2 * shape.pooledWidth * 16
    forEachWindow(shape, images, input, weights, scratch) { window, plane, place in
      let corner = output + (plane * 2 * shape.pooledHeight + 2 * place.y) * row + 2 * place.x * 16
      corner.store(window.topLeft, at: 0)
      corner.store(window.topRight, at: 16)
      corner.store(window.bottomLeft, at: row)
      corner.store(window.bottomRight, at: row + 16)
    }
  }

  /// Calls `body` with the four outputs of each window, for each block of 16 output channels.
  ///
  /// - Parameter body: receives the number of the plane among those of all images and blocks, and the window's place
  @inline(__always)
  private static func forEachWindow(
    _ shape: ConvolutionShape, _ images: Int, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ body: (_ window: Window, _ plane: Int, _ place: WindowPlace) -> Void
  ) {
    // [row and column of a tile][tile][input channel], and [row and column][tile][output channel of a group]
    let tiles = scratch
    let products = scratch + 16 * shape.tilesAtOnce * shape.tileStride
    var start = WindowPlace()
    var remaining = images * shape.windows
    while remaining > 0 {
      let count = min(remaining, shape.tilesAtOnce)
      transformTiles(shape, count, start, input, tiles)
      var next = start
      for group in stride(from: 0, to: shape.outputBlocks, by: 2) {
        let blocks = min(2, shape.outputBlocks - group)
        let width = 16 * blocks
        let groupWeights = weights + group * 256 * shape.inputChannels
        for position in 0..<16 {
          multiplyMatrices(
            m: count, n: width, k: shape.inputChannels, a: tiles + position * shape.tilesAtOnce * shape.tileStride,
            aRow: shape.tileStride, aColumn: 1, b: groupWeights + position * shape.inputChannels * width, bRow: width,
            c: products + position * shape.tilesAtOnce * width, cRow: width, accumulate: false)
        }
        next = start
        for tile in 0..<count {
          for block in 0..<blocks {
            let window = Window(products + tile * width + block * 16, shape.tilesAtOnce * width)
            body(window, next.image * shape.outputBlocks + group + block, next)
          }
          next.advance(shape)
        }
      }
      start = next
      remaining -= count
    }
  }

  /// Computes V = Bᵀ d B of `count` tiles.
  private static func transformTiles(
    _ shape: ConvolutionShape, _ count: Int, _ start: WindowPlace, _ input: UnsafePointer<Float>,
    _ tiles: UnsafeMutablePointer<Float>
  ) {
    var place = start
    let row = shape.inputWidth * 16
    let position = shape.tilesAtOnce * shape.tileStride
    for tile in 0..<count {
      let corner = input + place.image * shape.inputBlocks * shape.planeCount + 2 * place.y * row + 2 * place.x * 16
      for block in 0..<shape.inputBlocks {
        transformTile(
          corner + block * shape.planeCount, row, tiles + tile * shape.tileStride + block * 16, position)
      }
      place.advance(shape)
    }
  }

  /// Computes V = Bᵀ d B for 16 channels.
  ///
  /// - Parameters:
  ///   - row: floats from one row of the input to the next
  ///   - position: floats from one element of V to the next
  @inline(__always)
  private static func transformTile(
    _ input: UnsafePointer<Float>, _ row: Int, _ tile: UnsafeMutablePointer<Float>, _ position: Int
  ) {
    @inline(__always)
    func column(_ x: Int) -> Four {
      Four(
        input.lanes(at: x * 16), input.lanes(at: row + x * 16), input.lanes(at: 2 * row + x * 16),
        input.lanes(at: 3 * row + x * 16)
      ).transformedInput
    }
    let (a, b, c, d) = (column(0), column(1), column(2), column(3))
    @inline(__always)
    func store(_ row: Four, _ y: Int) {
      let values = row.transformedInput
      tile.store(values.a, at: 4 * y * position)
      tile.store(values.b, at: (4 * y + 1) * position)
      tile.store(values.c, at: (4 * y + 2) * position)
      tile.store(values.d, at: (4 * y + 3) * position)
    }
    store(Four(a.a, b.a, c.a, d.a), 0)
    store(Four(a.b, b.b, c.b, d.b), 1)
    store(Four(a.c, b.c, c.c, d.c), 2)
    store(Four(a.d, b.d, c.d, d.d), 3)
  }

  package static func transformWeights(
    _ shape: ConvolutionShape, group: Int, weights: UnsafePointer<Float>, transformed: UnsafeMutablePointer<Float>
  ) {
    let blocks = min(2, shape.outputBlocks - 2 * group)
    let width = 16 * blocks
    let position = shape.inputChannels * width
    withUnsafeTemporaryAllocation(byteCount: 9 * 256 * 4, alignment: 64) { memory in
      // [tap][16 input][16 output]
      let packed = memory.baseAddress!.assumingMemoryBound(to: Float.self)
      for block in 0..<blocks {
        for inputBlock in 0..<shape.inputBlocks {
          packWeights(shape, block: 2 * group + block, inputBlock: inputBlock, weights: weights, packed: packed)
          for channel in 0..<min(16, shape.inputChannels - 16 * inputBlock) {
            let target = transformed + (16 * inputBlock + channel) * width + block * 16
            transformKernel(packed + channel * 16, target, position)
          }
        }
      }
    }
  }

  /// Computes U = G g Gᵀ for one input channel and 16 output channels.
  ///
  /// - Parameters:
  ///   - weights: taps, 256 floats apart
  ///   - position: floats from one element of U to the next
  @inline(__always)
  private static func transformKernel(
    _ weights: UnsafePointer<Float>, _ transformed: UnsafeMutablePointer<Float>, _ position: Int
  ) {
    @inline(__always)
    func transform(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Four {
      let outer = a + c
      return Four(a, (outer + b) * 0.5, (outer - b) * 0.5, c)
    }
    @inline(__always)
    func column(_ x: Int) -> Four {
      transform(weights.lanes(at: x * 256), weights.lanes(at: (x + 3) * 256), weights.lanes(at: (x + 6) * 256))
    }
    let (a, b, c) = (column(0), column(1), column(2))
    @inline(__always)
    func store(_ values: Four, _ y: Int) {
      transformed.store(values.a, at: 4 * y * position)
      transformed.store(values.b, at: (4 * y + 1) * position)
      transformed.store(values.c, at: (4 * y + 2) * position)
      transformed.store(values.d, at: (4 * y + 3) * position)
    }
    store(transform(a.a, b.a, c.a), 0)
    store(transform(a.b, b.b, c.b), 1)
    store(transform(a.c, b.c, c.c), 2)
    store(transform(a.d, b.d, c.d), 3)
  }
}

/// Four vectors of 16 channels: a row or column of a tile.
private struct Four {
  let a, b, c, d: Lanes

  @inline(__always)
  init(_ a: Lanes, _ b: Lanes, _ c: Lanes, _ d: Lanes) { (self.a, self.b, self.c, self.d) = (a, b, c, d) }

  /// Bᵀ (a, b, c, d)
  var transformedInput: Four {
    @inline(__always) get { Four(a - c, b + c, c - b, b - d) }
  }

  /// Aᵀ (a, b, c, d)
  var outputs: (Lanes, Lanes) {
    @inline(__always) get { (a + b + c, b - c - d) }
  }
}

extension Window {
  /// Computes the outputs Aᵀ M A.
  ///
  /// - Parameters:
  ///   - products: M, elements `position` floats apart
  @inline(__always)
  fileprivate init(_ products: UnsafePointer<Float>, _ position: Int) {
    @inline(__always)
    func column(_ x: Int) -> (Lanes, Lanes) {
      Four(
        products.lanes(at: x * position), products.lanes(at: (x + 4) * position),
        products.lanes(at: (x + 8) * position), products.lanes(at: (x + 12) * position)
      ).outputs
    }
    let (a, b, c, d) = (column(0), column(1), column(2), column(3))
    self.init()
    (topLeft, topRight) = Four(a.0, b.0, c.0, d.0).outputs
    (bottomLeft, bottomRight) = Four(a.1, b.1, c.1, d.1).outputs
  }
}

/// The place of a window among those of several images.
private struct WindowPlace {
  var image = 0
  var window = 0
  var y = 0
  var x = 0

  /// Moves to the next window, in the next image after the last one.
  @inline(__always)
  mutating func advance(_ shape: ConvolutionShape) {
    window += 1
    x += 1
    if x < shape.pooledWidth { return }
    (x, y) = (0, y + 1)
    if y < shape.pooledHeight { return }
    (y, window, image) = (0, 0, image + 1)
  }
}
