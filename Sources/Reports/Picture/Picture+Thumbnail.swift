extension Picture {
  /// Scales the picture to about `side` pixels on its longer side: small pictures by an integer factor, large ones by
  /// averaging square blocks of pixels.
  func thumbnail(_ side: Int) -> Picture {
    let longest = max(height, width)
    guard longest > side else { return scaled(toward: side) }
    let block = (longest + side - 1) / side
    let (rows, columns) = ((height + block - 1) / block, (width + block - 1) / block)
    var means: [UInt8] = []
    for place in 0..<rows * columns {
      let (top, left) = (place / columns * block, place % columns * block)
      let (lines, places) = (top..<min(top + block, height), left..<min(left + block, width))
      for channel in 0..<3 {
        var sum = 0
        for row in lines { for column in places { sum += Int(pixels[(row * width + column) * 3 + channel]) } }
        means.append(UInt8(sum / (lines.count * places.count)))
      }
    }
    return Picture(height: rows, width: columns, pixels: means)
  }
}
