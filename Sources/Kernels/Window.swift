internal import CInstructions

/// The four outputs of one pooling window, each for 16 filters.
struct Window {
  var topLeft = Lanes()
  var topRight = Lanes()
  var bottomLeft = Lanes()
  var bottomRight = Lanes()

  @inline(__always) init() {}

  /// Adds weight * input. `top` and `bottom` point to the input pixels of the window's left outputs, in one channel;
  /// the right outputs read the next pixels, 16 floats further.
  @inline(__always)
  mutating func accumulate(_ weight: Lanes, _ top: UnsafePointer<Float>, _ bottom: UnsafePointer<Float>) {
    topLeft = topLeft.addingProduct(Lanes(repeating: top[0]), weight)
    topRight = topRight.addingProduct(Lanes(repeating: top[16]), weight)
    bottomLeft = bottomLeft.addingProduct(Lanes(repeating: bottom[0]), weight)
    bottomRight = bottomRight.addingProduct(Lanes(repeating: bottom[16]), weight)
  }

  /// Stores the largest output and its number.
  @inline(__always)
  func pool(into output: UnsafeMutablePointer<Float>, _ winners: UnsafeMutablePointer<Int32>) {
    var best = topLeft
    var winner = SIMD16<Int32>()
    @inline(__always)
    func compare(_ candidate: Lanes, _ number: Int32) {
      winner = atelier_if_greater_f32(candidate, best, number, winner)
      best = atelier_greater_f32(candidate, best)
    }
    compare(topRight, 1)
    compare(bottomLeft, 2)
    compare(bottomRight, 3)
    output.store(best, at: 0)
    UnsafeMutableRawPointer(winners).storeBytes(of: winner, as: SIMD16<Int32>.self)
  }
}
