/// Sixteen numbers: one register of AVX-512, two of AVX2, four of NEON and SSE.
typealias Lanes = SIMD16<Float>

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
