package import KernelInterface

extension SIMDKernels {
  package static func accumulatePointwiseWeightGradient(
    _ shape: ConvolutionShape, images: Int, upstream: UnsafePointer<Float>, winners: UnsafePointer<Int32>,
    input: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>
  ) {
    for inputBlock in 0..<shape.inputBlocks {
      for block in 0..<shape.outputBlocks {
        let target = gradient + (inputBlock * shape.outputChannels + block * 16) * 16
        let channels = min(16, shape.outputChannels - block * 16)
        for offset in partOffsets {
          withUnsafeTemporaryAllocation(byteCount: 17 * 64, alignment: 64) { memory in
            let sums = memory.baseAddress!.assumingMemoryBound(to: Float.self)
            sums.update(repeating: 0, count: 256)
            for channel in 0..<channels { sums.store(part: target.part(at: channel * 16 + offset), at: channel * 16) }
            var total = SixteenSums(sums)
            for image in 0..<images {
              let plane = (image * shape.outputBlocks + block) * shape.windows * 16
              addPoints(
                shape, upstream + plane, winners + plane,
                input + (image * shape.inputBlocks + inputBlock) * shape.planeCount + offset, sums + 256, &total)
            }
            total.store(sums)
            for channel in 0..<channels { target.store(part: sums.part(at: channel * 16), at: channel * 16 + offset) }
          }
        }
      }
    }
  }

  /// Adds the products of one image to the sums of 16 output channels.
  ///
  /// - Parameters:
  ///   - upstream: [window][16]
  ///   - winners: [window][16]
  ///   - plane: the input
  ///   - scratch: (16), overwritten
  @inline(__always)
  private static func addPoints(
    _ shape: ConvolutionShape, _ upstream: UnsafePointer<Float>, _ winners: UnsafePointer<Int32>,
    _ plane: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>, _ sums: inout SixteenSums
  ) {
    let offsets = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: Int32.self)
    let row = Int32(truncatingIfNeeded: shape.inputWidth * 16)
    for y in 0..<shape.pooledHeight {
      for x in 0..<shape.pooledWidth {
        let window = (y * shape.pooledWidth + x) * 16
        let winner = UnsafeRawPointer(winners + window).load(as: SIMD16<Int32>.self)
        UnsafeMutableRawPointer(offsets).storeBytes(
          of: (winner &>> 1) &* row &+ (winner & 1) &* 16, as: SIMD16<Int32>.self)
        sums.add(upstream + window, offsets, plane + (2 * y * shape.inputWidth + 2 * x) * 16)
      }
    }
  }
}

/// The gradients of the weights of 16 output channels, each for a part of a block of input channels.
private struct SixteenSums {
  var a, b, c, d, e, f, g, h: Part
  var i, j, k, l, m, n, o, p: Part

  /// - Parameter source: sums, 16 floats apart
  @inline(__always)
  init(_ source: UnsafeMutablePointer<Float>) {
    (a, b, c, d) = (source.part(at: 0), source.part(at: 16), source.part(at: 32), source.part(at: 48))
    (e, f, g, h) = (source.part(at: 64), source.part(at: 80), source.part(at: 96), source.part(at: 112))
    (i, j, k, l) = (source.part(at: 128), source.part(at: 144), source.part(at: 160), source.part(at: 176))
    (m, n, o, p) = (source.part(at: 192), source.part(at: 208), source.part(at: 224), source.part(at: 240))
  }

  /// Adds values[channel] * pixels[offsets[channel]...].
  @inline(__always)
  mutating func add(_ values: UnsafePointer<Float>, _ offsets: UnsafePointer<Int32>, _ pixels: UnsafePointer<Float>) {
    @inline(__always)
    func add(_ sum: inout Part, _ channel: Int) {
      sum = sum.addingProduct(Part(repeating: values[channel]), pixels.part(at: Int(offsets[channel])))
    }
    add(&a, 0)
    add(&b, 1)
    add(&c, 2)
    add(&d, 3)
    add(&e, 4)
    add(&f, 5)
    add(&g, 6)
    add(&h, 7)
    add(&i, 8)
    add(&j, 9)
    add(&k, 10)
    add(&l, 11)
    add(&m, 12)
    add(&n, 13)
    add(&o, 14)
    add(&p, 15)
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
    target.store(part: j, at: 144)
    target.store(part: k, at: 160)
    target.store(part: l, at: 176)
    target.store(part: m, at: 192)
    target.store(part: n, at: 208)
    target.store(part: o, at: 224)
    target.store(part: p, at: 240)
  }
}
