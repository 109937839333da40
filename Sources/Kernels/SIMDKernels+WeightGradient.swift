package import KernelInterface

extension SIMDKernels {
  package static func accumulateWeightGradient(
    _ shape: ConvolutionShape, images: Int, routes: PoolingRoutes, input: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>
  ) {
    if shape.kernel == 3 {
      for block in 0..<shape.inputBlocks {
        addNineTaps(shape, block, images, routes, input, gradient)
      }
      return
    }
    let slab = shape.outputChannels * shape.taps * 16
    for block in 0..<shape.inputBlocks {
      for image in 0..<images {
        let plane = input + (image * shape.inputBlocks + block) * shape.planeCount
        for channel in stride(from: 0, to: shape.outputChannels, by: 4) {
          for tap in 0..<shape.taps {
            let pixel = (tap / shape.kernel * shape.inputWidth + tap % shape.kernel) * 16
            addTap(shape, image, channel, routes, plane + pixel, gradient + block * slab + tap * 16)
          }
        }
      }
    }
  }

  /// Adds to one tap of any kernel, for four output channels at once, because each addition waits for the one before.
  private static func addTap(
    _ shape: ConvolutionShape, _ image: Int, _ channel: Int, _ routes: PoolingRoutes, _ plane: UnsafePointer<Float>,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    // Channels that do not exist repeat the last one.
    @inline(__always)
    func sum(_ number: Int) -> TapSum {
      let channel = min(channel + number, shape.outputChannels - 1)
      let list = image * shape.outputChannels + channel
      return TapSum(
        values: routes.channelValues + list * shape.windows, positions: routes.channelPositions + list * shape.windows,
        count: Int(routes.channelCounts[list]), target: gradient + channel * shape.taps * 16)
    }
    var (a, b, c, d) = (sum(0), sum(1), sum(2), sum(3))
    let common = min(min(a.count, b.count), min(c.count, d.count))
    for entry in 0..<common {
      a.add(entry, plane)
      b.add(entry, plane)
      c.add(entry, plane)
      d.add(entry, plane)
    }
    a.complete(from: common, plane)
    b.complete(from: common, plane)
    c.complete(from: common, plane)
    d.complete(from: common, plane)
  }

  /// Adds to the nine taps of 3x3 kernels for one block of input channels: nine sums in registers.
  private static func addNineTaps(
    _ shape: ConvolutionShape, _ block: Int, _ images: Int, _ routes: PoolingRoutes, _ input: UnsafePointer<Float>,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    let slab = gradient + block * shape.outputChannels * 144
    let row = shape.inputWidth * 16
    // The input planes of these images fit in the first-level cache, the slab in the second-level cache.
    let imagesAtOnce = max(1, weightGradientBudget / shape.planeCount)
    for first in stride(from: 0, to: images, by: imagesAtOnce) {
      for channel in 0..<shape.outputChannels {
        for offset in partOffsets {
          let target = slab + channel * 144 + offset
          var sums = NineTaps(target)
          for image in first..<min(first + imagesAtOnce, images) {
            let plane = input + (image * shape.inputBlocks + block) * shape.planeCount + offset
            let list = image * shape.outputChannels + channel
            let values = routes.channelValues + list * shape.windows
            let positions = routes.channelPositions + list * shape.windows
            for entry in 0..<Int(routes.channelCounts[list]) {
              sums.accumulate(Part(repeating: values[entry]), plane + Int(positions[entry]) * 16, row)
            }
          }
          sums.store(target)
        }
      }
    }
  }

  /// Floats of the input planes that are read at once.
  private static var weightGradientBudget: Int { 6500 }
}

/// The gradient of one tap of one output channel.
private struct TapSum {
  let values: UnsafePointer<Float>
  let positions: UnsafePointer<Int32>
  let count: Int
  let target: UnsafeMutablePointer<Float>
  var sum: Lanes

  @inline(__always)
  init(
    values: UnsafeMutablePointer<Float>, positions: UnsafeMutablePointer<Int32>, count: Int,
    target: UnsafeMutablePointer<Float>
  ) {
    (self.values, self.positions) = (UnsafePointer(values), UnsafePointer(positions))
    (self.count, self.target) = (count, target)
    sum = target.lanes(at: 0)
  }

  @inline(__always)
  mutating func add(_ entry: Int, _ plane: UnsafePointer<Float>) {
    sum = sum.addingProduct(Lanes(repeating: values[entry]), plane.lanes(at: Int(positions[entry]) * 16))
  }

  /// Adds the remaining entries, and stores the sum.
  @inline(__always)
  mutating func complete(from first: Int, _ plane: UnsafePointer<Float>) {
    for entry in first..<count { add(entry, plane) }
    target.store(sum, at: 0)
  }
}

/// The gradients of the nine taps of a 3x3 kernel, each for a part of a block of input channels.
private struct NineTaps {
  var a, b, c, d, e, f, g, h, i: Part

  @inline(__always)
  init(_ source: UnsafeMutablePointer<Float>) {
    (a, b, c) = (source.part(at: 0), source.part(at: 16), source.part(at: 32))
    (d, e, f) = (source.part(at: 48), source.part(at: 64), source.part(at: 80))
    (g, h, i) = (source.part(at: 96), source.part(at: 112), source.part(at: 128))
  }

  /// Adds value * pixels. Rows of pixels are `row` floats apart.
  @inline(__always)
  mutating func accumulate(_ value: Part, _ pixels: UnsafePointer<Float>, _ row: Int) {
    a = a.addingProduct(value, pixels.part(at: 0))
    b = b.addingProduct(value, pixels.part(at: 16))
    c = c.addingProduct(value, pixels.part(at: 32))
    d = d.addingProduct(value, pixels.part(at: row))
    e = e.addingProduct(value, pixels.part(at: row + 16))
    f = f.addingProduct(value, pixels.part(at: row + 32))
    g = g.addingProduct(value, pixels.part(at: 2 * row))
    h = h.addingProduct(value, pixels.part(at: 2 * row + 16))
    i = i.addingProduct(value, pixels.part(at: 2 * row + 32))
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Float>) {
    target.store(part: a, at: 0)
    target.store(part: b, at: 16)
    target.store(part: c, at: 32)
    target.store(part: d, at: 48)
    target.store(part: e, at: 64)
    target.store(part: f, at: 80)
    target.store(part: g, at: 96)
    target.store(part: h, at: 112)
    target.store(part: i, at: 128)
  }
}
