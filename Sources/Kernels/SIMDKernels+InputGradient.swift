internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static func computeInputGradient(
    _ shape: ConvolutionShape, images: Int, routes: PoolingRoutes, weights: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>
  ) {
    let groups = PoolingRoutes.groups(shape)
    let imagesAtOnce = max(1, 65536 / shape.planeCount)
    for block in 0..<shape.inputBlocks {
      let blockWeights = weights + block * shape.outputChannels * shape.taps * 16
      for first in stride(from: 0, to: images, by: imagesAtOnce) {
        for image in first..<min(first + imagesAtOnce, images) {
          (gradient + image * shape.inputCount + block * shape.planeCount).update(repeating: 0, count: shape.planeCount)
        }
        // The weights of one group stay in the first-level cache for all images of this loop, and the planes in the
        // second-level cache.
        for group in 0..<groups {
          for image in first..<min(first + imagesAtOnce, images) {
            let plane = gradient + image * shape.inputCount + block * shape.planeCount
            let list = (image * groups + group) * shape.windows
            if shape.kernel == 3 {
              for offset in partOffsets {
                spreadNineTaps(shape, list, routes, blockWeights + offset, plane + offset)
              }
            } else {
              spread(shape, list, routes, blockWeights, plane)
            }
          }
        }
      }
    }
  }

  /// Adds all entries of one image and group to the plane of one block of input channels.
  private static func spread(
    _ shape: ConvolutionShape, _ list: Int, _ routes: PoolingRoutes, _ weights: UnsafePointer<Float>,
    _ plane: UnsafeMutablePointer<Float>
  ) {
    var window = list
    for y in 0..<shape.pooledHeight {
      for x in 0..<shape.pooledWidth {
        var entry = window * PoolingRoutes.group
        for winner in 0..<4 {
          let end = entry + Int(routes.windowCounts[window * 4 + winner])
          let target = plane + ((2 * y + winner >> 1) * shape.inputWidth + 2 * x + winner & 1) * 16
          spreadTaps(shape, entry..<end, routes, weights, target)
          entry = end
        }
        window += 1
      }
    }
  }

  /// The same for 3x3 kernels: the 4x4 pixels that the four outputs of a window depend on are in registers, and half of
  /// them stay there for the next window.
  private static func spreadNineTaps(
    _ shape: ConvolutionShape, _ list: Int, _ routes: PoolingRoutes, _ weights: UnsafePointer<Float>,
    _ plane: UnsafeMutablePointer<Float>
  ) {
    let (row, group) = (shape.inputWidth * 16, PoolingRoutes.group)
    var window = list
    for y in 0..<shape.pooledHeight {
      var target = plane + 2 * y * row
      var left = TwoColumns(target, row)
      for _ in 0..<shape.pooledWidth {
        var right = TwoColumns(target + 32, row)
        var entry = window * group
        @inline(__always)
        func forEachEntry(of winner: Int, _ body: (_ value: Part, _ taps: UnsafePointer<Float>) -> Void) {
          let end = entry + Int(routes.windowCounts[window * 4 + winner])
          while entry < end {
            body(Part(repeating: routes.windowValues[entry]), weights + Int(routes.windowChannels[entry]) * 144)
            // Not unrolled, because the end of each loop that is entered costs a misprediction.
            entry = Int(atelier_opaque(UInt32(truncatingIfNeeded: entry + 1)))
          }
        }
        forEachEntry(of: 0) { value, taps in
          accumulateRow(value, taps, &left.a0, &left.b0, &right.a0)
          accumulateRow(value, taps + 48, &left.a1, &left.b1, &right.a1)
          accumulateRow(value, taps + 96, &left.a2, &left.b2, &right.a2)
        }
        forEachEntry(of: 1) { value, taps in
          accumulateRow(value, taps, &left.b0, &right.a0, &right.b0)
          accumulateRow(value, taps + 48, &left.b1, &right.a1, &right.b1)
          accumulateRow(value, taps + 96, &left.b2, &right.a2, &right.b2)
        }
        forEachEntry(of: 2) { value, taps in
          accumulateRow(value, taps, &left.a1, &left.b1, &right.a1)
          accumulateRow(value, taps + 48, &left.a2, &left.b2, &right.a2)
          accumulateRow(value, taps + 96, &left.a3, &left.b3, &right.a3)
        }
        forEachEntry(of: 3) { value, taps in
          accumulateRow(value, taps, &left.b1, &right.a1, &right.b1)
          accumulateRow(value, taps + 48, &left.b2, &right.a2, &right.b2)
          accumulateRow(value, taps + 96, &left.b3, &right.a3, &right.b3)
        }
        left.store(target, row)
        left = right
        target += 32
        window += 1
      }
      left.store(target, row)
    }
  }

  /// Adds value * taps to three pixels of a row.
  @inline(__always)
  private static func accumulateRow(
    _ value: Part, _ taps: UnsafePointer<Float>, _ first: inout Part, _ second: inout Part, _ third: inout Part
  ) {
    first = first.addingProduct(value, taps.part(at: 0))
    second = second.addingProduct(value, taps.part(at: 16))
    third = third.addingProduct(value, taps.part(at: 32))
  }

  private static func spreadTaps(
    _ shape: ConvolutionShape, _ entries: Range<Int>, _ routes: PoolingRoutes, _ weights: UnsafePointer<Float>,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for ky in 0..<shape.kernel {
      for kx in 0..<shape.kernel {
        let tap = weights + (ky * shape.kernel + kx) * 16
        let pixel = (ky * shape.inputWidth + kx) * 16
        var sum = target.lanes(at: pixel)
        for entry in entries {
          let channel = Int(routes.windowChannels[entry])
          sum = sum.addingProduct(
            Lanes(repeating: routes.windowValues[entry]), tap.lanes(at: channel * shape.taps * 16))
        }
        target.store(sum, at: pixel)
      }
    }
  }
}

/// Two columns of four pixels, each with a part of 16 channels.
private struct TwoColumns {
  var a0, b0, a1, b1, a2, b2, a3, b3: Part

  /// - Parameter row: floats from one row to the next
  @inline(__always)
  init(_ source: UnsafeMutablePointer<Float>, _ row: Int) {
    (a0, b0) = (source.part(at: 0), source.part(at: 16))
    (a1, b1) = (source.part(at: row), source.part(at: row + 16))
    (a2, b2) = (source.part(at: 2 * row), source.part(at: 2 * row + 16))
    (a3, b3) = (source.part(at: 3 * row), source.part(at: 3 * row + 16))
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Float>, _ row: Int) {
    target.store(part: a0, at: 0)
    target.store(part: b0, at: 16)
    target.store(part: a1, at: row)
    target.store(part: b1, at: row + 16)
    target.store(part: a2, at: 2 * row)
    target.store(part: b2, at: 2 * row + 16)
    target.store(part: a3, at: 3 * row)
    target.store(part: b3, at: 3 * row + 16)
  }
}
