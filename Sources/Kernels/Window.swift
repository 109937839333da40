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
    let second = topRight .> best
    best.replace(with: topRight, where: second)
    winner.replace(with: 1, where: second)
    let third = bottomLeft .> best
    best.replace(with: bottomLeft, where: third)
    winner.replace(with: 2, where: third)
    let fourth = bottomRight .> best
    best.replace(with: bottomRight, where: fourth)
    winner.replace(with: 3, where: fourth)
    output.store(best, at: 0)
    UnsafeMutableRawPointer(winners).storeBytes(of: winner, as: SIMD16<Int32>.self)
  }
}
