internal import KernelInterface

extension SIMDKernels {
  /// Computes V = Bᵀ d B of a small tile, for 16 channels.
  ///
  /// - Parameters:
  ///   - row: floats from one row of the input to the next
  ///   - element: floats from one element of V to the next
  @inline(__always)
  static func transformSmallTile(
    _ input: UnsafePointer<Float>, _ row: Int, _ tile: UnsafeMutablePointer<Float>, _ element: Int
  ) {
    @inline(__always)
    func column(_ x: Int) -> Four {
      Four(
        input.lanes(at: x * 16), input.lanes(at: row + x * 16), input.lanes(at: 2 * row + x * 16),
        input.lanes(at: 3 * row + x * 16)
      ).transformedInput
    }
    let (a, b, c, d) = (column(0), column(1), column(2), column(3))
    Four(a.a, b.a, c.a, d.a).transformedInput.store(tile, element)
    Four(a.b, b.b, c.b, d.b).transformedInput.store(tile + 4 * element, element)
    Four(a.c, b.c, c.c, d.c).transformedInput.store(tile + 8 * element, element)
    Four(a.d, b.d, c.d, d.d).transformedInput.store(tile + 12 * element, element)
  }

  /// The same for a large tile.
  @inline(__always)
  static func transformLargeTile(
    _ input: UnsafePointer<Float>, _ row: Int, _ tile: UnsafeMutablePointer<Float>, _ element: Int
  ) {
    @inline(__always)
    func column(_ x: Int) -> Six {
      Six(
        input.lanes(at: x * 16), input.lanes(at: row + x * 16), input.lanes(at: 2 * row + x * 16),
        input.lanes(at: 3 * row + x * 16), input.lanes(at: 4 * row + x * 16), input.lanes(at: 5 * row + x * 16)
      ).transformedInput
    }
    let (a, b, c, d, e, f) = (column(0), column(1), column(2), column(3), column(4), column(5))
    Six(a.a, b.a, c.a, d.a, e.a, f.a).transformedInput.store(tile, element)
    Six(a.b, b.b, c.b, d.b, e.b, f.b).transformedInput.store(tile + 6 * element, element)
    Six(a.c, b.c, c.c, d.c, e.c, f.c).transformedInput.store(tile + 12 * element, element)
    Six(a.d, b.d, c.d, d.d, e.d, f.d).transformedInput.store(tile + 18 * element, element)
    Six(a.e, b.e, c.e, d.e, e.e, f.e).transformedInput.store(tile + 24 * element, element)
    Six(a.f, b.f, c.f, d.f, e.f, f.f).transformedInput.store(tile + 30 * element, element)
  }

  /// Computes U = G g Gᵀ of small tiles, for one input channel and 16 output channels.
  ///
  /// - Parameters:
  ///   - weights: taps, 256 floats apart
  ///   - element: floats from one element of U to the next
  @inline(__always)
  static func transformSmallKernel(
    _ weights: UnsafePointer<Float>, _ transformed: UnsafeMutablePointer<Float>, _ element: Int
  ) {
    @inline(__always)
    func column(_ x: Int) -> Four {
      Four(kernel: weights.lanes(at: x * 256), weights.lanes(at: (x + 3) * 256), weights.lanes(at: (x + 6) * 256))
    }
    let (a, b, c) = (column(0), column(1), column(2))
    Four(kernel: a.a, b.a, c.a).store(transformed, element)
    Four(kernel: a.b, b.b, c.b).store(transformed + 4 * element, element)
    Four(kernel: a.c, b.c, c.c).store(transformed + 8 * element, element)
    Four(kernel: a.d, b.d, c.d).store(transformed + 12 * element, element)
  }

  /// The same for large tiles.
  @inline(__always)
  static func transformLargeKernel(
    _ weights: UnsafePointer<Float>, _ transformed: UnsafeMutablePointer<Float>, _ element: Int
  ) {
    @inline(__always)
    func column(_ x: Int) -> Six {
      Six(kernel: weights.lanes(at: x * 256), weights.lanes(at: (x + 3) * 256), weights.lanes(at: (x + 6) * 256))
    }
    let (a, b, c) = (column(0), column(1), column(2))
    Six(kernel: a.a, b.a, c.a).store(transformed, element)
    Six(kernel: a.b, b.b, c.b).store(transformed + 6 * element, element)
    Six(kernel: a.c, b.c, c.c).store(transformed + 12 * element, element)
    Six(kernel: a.d, b.d, c.d).store(transformed + 18 * element, element)
    Six(kernel: a.e, b.e, c.e).store(transformed + 24 * element, element)
    Six(kernel: a.f, b.f, c.f).store(transformed + 30 * element, element)
  }
}

/// Four vectors of 16 channels: a row or column of a small tile, or of the outputs of a large one.
struct Four {
  let a, b, c, d: Lanes

  @inline(__always)
  init(_ a: Lanes, _ b: Lanes, _ c: Lanes, _ d: Lanes) { (self.a, self.b, self.c, self.d) = (a, b, c, d) }

  /// G (a, b, c)
  @inline(__always)
  init(kernel a: Lanes, _ b: Lanes, _ c: Lanes) {
    let outer = a + c
    self.init(a, (outer + b) * 0.5, (outer - b) * 0.5, c)
  }

  /// Bᵀ (a, b, c, d)
  var transformedInput: Four {
    @inline(__always) get { Four(a - c, b + c, c - b, b - d) }
  }

  /// Aᵀ (a, b, c, d)
  var outputs: (Lanes, Lanes) {
    @inline(__always) get { (a + b + c, b - c - d) }
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Float>, _ element: Int) {
    target.store(a, at: 0)
    target.store(b, at: element)
    target.store(c, at: 2 * element)
    target.store(d, at: 3 * element)
  }
}

/// Six vectors of 16 channels: a row or column of a large tile.
private struct Six {
  let a, b, c, d, e, f: Lanes

  @inline(__always)
  init(_ a: Lanes, _ b: Lanes, _ c: Lanes, _ d: Lanes, _ e: Lanes, _ f: Lanes) {
    (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
  }

  /// G (a, b, c)
  @inline(__always)
  init(kernel a: Lanes, _ b: Lanes, _ c: Lanes) {
    let sixth = Lanes(repeating: -1 / 6)
    let twentyFourth = Lanes(repeating: 1 / 24)
    let (near, far) = (a + c, a.addingProduct(c, Lanes(repeating: 4)))
    let double = b + b
    self.init(
      a * 0.25, (near + b) * sixth, (near - b) * sixth, (far + double) * twentyFourth, (far - double) * twentyFourth, c)
  }

  /// Bᵀ (a, b, c, d, e, f)
  var transformedInput: Six {
    @inline(__always) get {
      let (two, four, minusFour, minusFive) = (
        Lanes(repeating: 2), Lanes(repeating: 4), Lanes(repeating: -4), Lanes(repeating: -5)
      )
      let (even, odd) = (e.addingProduct(c, minusFour), d.addingProduct(b, minusFour))
      let (evenFar, oddFar) = (e - c, (d - b) * two)
      return Six(
        e.addingProduct(a, four).addingProduct(c, minusFive), even + odd, even - odd, evenFar + oddFar,
        evenFar - oddFar, f.addingProduct(b, four).addingProduct(d, minusFive))
    }
  }

  /// Aᵀ (a, b, c, d, e, f)
  var outputs: Four {
    @inline(__always) get {
      let (near, nearDifference, far, farDifference) = (b + c, b - c, d + e, d - e)
      return Four(
        a + near + far, nearDifference.addingProduct(farDifference, Lanes(repeating: 2)),
        near.addingProduct(far, Lanes(repeating: 4)),
        nearDifference.addingProduct(farDifference, Lanes(repeating: 8)) + f)
    }
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Float>, _ element: Int) {
    target.store(a, at: 0)
    target.store(b, at: element)
    target.store(c, at: 2 * element)
    target.store(d, at: 3 * element)
    target.store(e, at: 4 * element)
    target.store(f, at: 5 * element)
  }
}

extension Window {
  /// Computes the outputs Aᵀ M A of a small tile.
  ///
  /// - Parameter products: M, elements `element` floats apart
  @inline(__always)
  init(smallTile products: UnsafePointer<Float>, _ element: Int) {
    @inline(__always)
    func column(_ x: Int) -> (Lanes, Lanes) {
      Four(
        products.lanes(at: x * element), products.lanes(at: (x + 4) * element), products.lanes(at: (x + 8) * element),
        products.lanes(at: (x + 12) * element)
      ).outputs
    }
    let (a, b, c, d) = (column(0), column(1), column(2), column(3))
    self.init()
    (topLeft, topRight) = Four(a.0, b.0, c.0, d.0).outputs
    (bottomLeft, bottomRight) = Four(a.1, b.1, c.1, d.1).outputs
  }

  /// Two windows' rows of four outputs: the left or the right half of each.
  @inline(__always)
  fileprivate init(leftHalfOf top: Four, _ bottom: Four) {
    self.init()
    (topLeft, topRight, bottomLeft, bottomRight) = (top.a, top.b, bottom.a, bottom.b)
  }

  @inline(__always)
  fileprivate init(rightHalfOf top: Four, _ bottom: Four) {
    self.init()
    (topLeft, topRight, bottomLeft, bottomRight) = (top.c, top.d, bottom.c, bottom.d)
  }
}

/// The outputs Aᵀ M A of a large tile: four windows.
struct LargeTileOutputs {
  let topLeft, topRight, bottomLeft, bottomRight: Window

  /// - Parameter products: M, elements `element` floats apart
  @inline(__always)
  init(_ products: UnsafePointer<Float>, _ element: Int) {
    @inline(__always)
    func column(_ x: Int) -> Four {
      Six(
        products.lanes(at: x * element), products.lanes(at: (x + 6) * element),
        products.lanes(at: (x + 12) * element), products.lanes(at: (x + 18) * element),
        products.lanes(at: (x + 24) * element), products.lanes(at: (x + 30) * element)
      ).outputs
    }
    let (a, b, c, d, e, f) = (column(0), column(1), column(2), column(3), column(4), column(5))
    let rows = (
      Six(a.a, b.a, c.a, d.a, e.a, f.a).outputs, Six(a.b, b.b, c.b, d.b, e.b, f.b).outputs,
      Six(a.c, b.c, c.c, d.c, e.c, f.c).outputs, Six(a.d, b.d, c.d, d.d, e.d, f.d).outputs
    )
    topLeft = Window(leftHalfOf: rows.0, rows.1)
    topRight = Window(rightHalfOf: rows.0, rows.1)
    bottomLeft = Window(leftHalfOf: rows.2, rows.3)
    bottomRight = Window(rightHalfOf: rows.2, rows.3)
  }
}
