package import KernelInterface

extension SIMDKernels {
  package static func convolveByWinogradAndPool(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>
  ) {
    forEachWindow(shape, images, input, weights, scratch) { window, plane, y, x in
      let position = (plane * shape.windows + y * shape.pooledWidth + x) * 16
      window.pool(into: output + position, winners + position)
    }
  }

  package static func convolveByWinograd(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    let row = 2 * shape.pooledWidth * 16
    forEachWindow(shape, images, input, weights, scratch) { window, plane, y, x in
      let corner = output + (plane * 2 * shape.pooledHeight + 2 * y) * row + 2 * x * 16
      corner.store(window.topLeft, at: 0)
      corner.store(window.topRight, at: 16)
      corner.store(window.bottomLeft, at: row)
      corner.store(window.bottomRight, at: row + 16)
    }
  }

  /// Calls `body` with the four outputs of each window, for each block of 16 output channels.
  ///
  /// - Parameter body: receives the number of the plane among those of all images and blocks, and the window's row and
  ///   column
  @inline(__always)
  private static func forEachWindow(
    _ shape: ConvolutionShape, _ images: Int, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ body: (_ window: Window, _ plane: Int, _ y: Int, _ x: Int) -> Void
  ) {
    forEachTile(
      shape, shape.largeTiles, images, input, weights, scratch,
      transform: { pixels, row, tile, element in transformLargeTile(pixels, row, tile, element) },
      body: { products, element, plane, y, x in
        let outputs = LargeTileOutputs(products, element)
        body(outputs.topLeft, plane, y, x)
        body(outputs.topRight, plane, y, x + 1)
        body(outputs.bottomLeft, plane, y + 1, x)
        body(outputs.bottomRight, plane, y + 1, x + 1)
      })
    forEachTile(
      shape, shape.smallTiles, images, input, weights, scratch,
      transform: { pixels, row, tile, element in transformSmallTile(pixels, row, tile, element) },
      body: { products, element, plane, y, x in body(Window(smallTile: products, element), plane, y, x) })
  }

  /// Transforms the tiles of one size, multiplies them by the transformed weights, and calls `body` with the products.
  ///
  /// - Parameters:
  ///   - transform: transforms 16 channels of a tile whose rows are `row` floats apart; elements of the result are
  ///     `element` floats apart
  ///   - body: receives products of 16 output channels, elements `element` floats apart; the number of the plane among
  ///     those of all images and blocks; and the row and column of the tile's first window
  @inline(__always)
  private static func forEachTile(
    _ shape: ConvolutionShape, _ tiles: WinogradTiles, _ images: Int, _ input: UnsafePointer<Float>,
    _ weights: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
    transform: (_ pixels: UnsafePointer<Float>, _ row: Int, _ tile: UnsafeMutablePointer<Float>, _ element: Int) ->
      Void,
    body: (_ products: UnsafePointer<Float>, _ element: Int, _ plane: Int, _ y: Int, _ x: Int) -> Void
  ) {
    // [element][tile][input channel], and [element][tile][output channel of a group]
    let transformed = scratch
    let products = scratch + tiles.elements * tiles.atOnce * shape.tileStride
    let row = shape.inputWidth * 16
    var start = TilePlace(shape, tiles)
    var remaining = images * tiles.perImage
    while remaining > 0 {
      let count = min(remaining, tiles.atOnce)
      var end = start
      for tile in 0..<count {
        let corner = input + end.image * shape.inputCount + 2 * end.y * row + 2 * end.x * 16
        for block in 0..<shape.inputBlocks {
          transform(
            corner + block * shape.planeCount, row, transformed + tile * shape.tileStride + block * 16,
            tiles.atOnce * shape.tileStride)
        }
        end.advance(shape, tiles)
      }
      for group in stride(from: 0, to: shape.outputBlocks, by: 2) {
        let blocks = min(2, shape.outputBlocks - group)
        let width = 16 * blocks
        let groupWeights =
          weights + (group * shape.winogradElements + tiles.firstElement * blocks) * 16 * shape.inputChannels
        for element in 0..<tiles.elements {
          multiplyMatrices(
            m: count, n: width, k: shape.inputChannels, a: transformed + element * tiles.atOnce * shape.tileStride,
            aRow: shape.tileStride, aColumn: 1, b: groupWeights + element * shape.inputChannels * width, bRow: width,
            c: products + element * tiles.atOnce * width, cRow: width, accumulate: false)
        }
        var place = start
        for tile in 0..<count {
          for block in 0..<blocks {
            body(
              products + tile * width + block * 16, tiles.atOnce * width,
              place.image * shape.outputBlocks + group + block, place.y, place.x)
          }
          place.advance(shape, tiles)
        }
      }
      start = end
      remaining -= count
    }
  }

  package static func transformWeights(
    _ shape: ConvolutionShape, group: Int, weights: UnsafePointer<Float>, transformed: UnsafeMutablePointer<Float>
  ) {
    let blocks = min(2, shape.outputBlocks - 2 * group)
    let width = 16 * blocks
    let element = shape.inputChannels * width
    withUnsafeTemporaryAllocation(byteCount: 9 * 256 * 4, alignment: 64) { memory in
      // [tap][16 input][16 output]
      let packed = memory.baseAddress!.assumingMemoryBound(to: Float.self)
      for block in 0..<blocks {
        for inputBlock in 0..<shape.inputBlocks {
          packWeights(shape, block: 2 * group + block, inputBlock: inputBlock, weights: weights, packed: packed)
          for channel in 0..<min(16, shape.inputChannels - 16 * inputBlock) {
            let target = transformed + (16 * inputBlock + channel) * width + block * 16
            let (small, large) = (shape.smallTiles, shape.largeTiles)
            if small.hasWeights {
              transformSmallKernel(packed + channel * 16, target + small.firstElement * element, element)
            }
            if large.hasWeights {
              transformLargeKernel(packed + channel * 16, target + large.firstElement * element, element)
            }
          }
        }
      }
    }
  }
}

/// The place of a tile among those of several images.
private struct TilePlace {
  var image = 0
  /// The row and column of the tile's first window.
  var y = 0
  var x = 0

  @inline(__always)
  init(_ shape: ConvolutionShape, _ tiles: WinogradTiles) { settle(shape, tiles) }

  /// Moves to the next tile, in the next image after the last one.
  @inline(__always)
  mutating func advance(_ shape: ConvolutionShape, _ tiles: WinogradTiles) {
    x += tiles.windows
    settle(shape, tiles)
  }

  /// Moves to the first place from this one on that has a tile.
  @inline(__always)
  private mutating func settle(_ shape: ConvolutionShape, _ tiles: WinogradTiles) {
    guard tiles.perImage > 0 else { return }
    let height = tiles.windows == 1 ? shape.pooledHeight : shape.largeHeight
    let width = tiles.windows == 1 ? shape.pooledWidth : shape.largeWidth
    while true {
      // Small tiles are where no large ones are.
      if tiles.windows == 1, y < shape.largeHeight, x < shape.largeWidth { x = shape.largeWidth }
      if x < width { return }
      (x, y) = (0, y + tiles.windows)
      if y >= height { (y, image) = (0, image + 1) }
    }
  }
}
