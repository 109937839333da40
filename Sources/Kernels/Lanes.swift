internal import CInstructions

/// Sixteen numbers: one register of AVX-512, two of AVX2, four of NEON and SSE.
typealias Lanes = SIMD16<Float>

extension Lanes {
  /// Returns self + a * b, rounded once.
  @inline(__always)
  func addingProduct(_ a: Lanes, _ b: Lanes) -> Lanes { atelier_add_product_f32x16(self, a, b) }
}

/// Adjacent lanes in loops whose sums need all registers: 16 on AVX-512, elsewhere one half of ``Lanes``, so that the
/// loops compute one half after the other.
#if AVX512
  typealias Part = Lanes
#else
  typealias Part = SIMD8<Float>

  extension Part {
    /// Returns self + a * b, rounded once.
    @inline(__always)
    func addingProduct(_ a: Part, _ b: Part) -> Part { atelier_add_product_f32x8(self, a, b) }
  }
#endif

extension UnsafePointer<Float> {
  /// Returns the 16 floats from `offset` on; their address is a multiple of 64.
  @inline(__always)
  func lanes(at offset: Int) -> Lanes { UnsafeRawPointer(self + offset).load(as: Lanes.self) }
}

extension UnsafeMutablePointer<Float> {
  /// Returns the 16 floats from `offset` on; their address is a multiple of 64.
  @inline(__always)
  func lanes(at offset: Int) -> Lanes { UnsafeRawPointer(self + offset).load(as: Lanes.self) }

  /// Stores 16 floats from `offset` on.
  @inline(__always)
  func store(_ lanes: Lanes, at offset: Int) {
    UnsafeMutableRawPointer(self + offset).storeBytes(of: lanes, as: Lanes.self)
  }
}

/// Offsets of the parts of 16 lanes.
var partOffsets: StrideTo<Int> {
  @inline(__always) get { stride(from: 0, to: 16, by: MemoryLayout<Part>.size / 4) }
}

extension UnsafePointer<Float> {
  /// Returns the part from `offset` on; its address is a multiple of its size.
  @inline(__always)
  func part(at offset: Int) -> Part { UnsafeRawPointer(self + offset).load(as: Part.self) }
}

extension UnsafeMutablePointer<Float> {
  /// Returns the part from `offset` on; its address is a multiple of its size.
  @inline(__always)
  func part(at offset: Int) -> Part { UnsafeRawPointer(self + offset).load(as: Part.self) }

  /// Stores a part from `offset` on.
  @inline(__always)
  func store(part: Part, at offset: Int) {
    UnsafeMutableRawPointer(self + offset).storeBytes(of: part, as: Part.self)
  }
}
