internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  /// Squares of 16 windows and 16 channels are transposed, so that a register holds the windows of one channel.
  package static func routeByChannel(
    _ shape: ConvolutionShape, gradient: UnsafePointer<Float>, winners: UnsafePointer<Int32>, routes: PoolingRoutes
  ) {
    routes.channelCounts.update(repeating: 0, count: shape.outputChannels)
    for block in 0..<shape.outputBlocks {
      let plane = block * shape.windows * 16
      var (x, y) = (0, 0)
      for first in stride(from: 0, to: shape.windows, by: 16) {
        var rows = SIMD16<Int32>()
        var corners = SIMD16<Int32>()
        // Windows after the last one repeat it, and are not listed.
        let count = min(16, shape.windows - first)
        for lane in 0..<16 {
          rows[lane] = Int32(truncatingIfNeeded: first + min(lane, count - 1))
          corners[lane] = Int32(truncatingIfNeeded: 2 * y * shape.inputWidth + 2 * x)
          x += 1
          if x == shape.pooledWidth { (x, y) = (0, y + 1) }
        }
        routeSquare(
          shape, block * 16, gradient + plane, winners + plane, rows, corners, exists: UInt32(1) << count - 1, routes)
      }
    }
  }

  /// Appends the entries of 16 windows to the lists of 16 channels.
  /// - Parameters:
  ///   - channel: the first of the 16 channels
  ///   - gradient: [window][16]
  ///   - winners: [window][16]
  ///   - rows: the windows
  ///   - corners: the positions of the windows' first outputs
  ///   - exists: bit i: whether lane i is a window
  @inline(__always)
  private static func routeSquare(
    _ shape: ConvolutionShape, _ channel: Int, _ gradient: UnsafePointer<Float>, _ winners: UnsafePointer<Int32>,
    _ rows: SIMD16<Int32>, _ corners: SIMD16<Int32>, exists: UInt32, _ routes: PoolingRoutes
  ) {
    withUnsafeTemporaryAllocation(byteCount: 33 * 64, alignment: 64) { squares in
      let positions = squares.baseAddress! + 1024
      let rowNumbers = squares.baseAddress! + 2048
      rowNumbers.storeBytes(of: rows, as: SIMD16<Int32>.self)
      let numbers = { (bytes: UnsafeMutableRawPointer) in bytes.assumingMemoryBound(to: Int32.self) }
      atelier_transpose_rows_16x16(
        UnsafeRawPointer(gradient).assumingMemoryBound(to: Int32.self), numbers(rowNumbers),
        numbers(squares.baseAddress!))
      atelier_transpose_rows_16x16(winners, numbers(rowNumbers), numbers(positions))
      let width = Int32(truncatingIfNeeded: shape.inputWidth)
      for lane in 0..<min(16, shape.outputChannels - channel) {
        let value = squares.load(fromByteOffset: lane * 64, as: Lanes.self)
        let winner = positions.load(fromByteOffset: lane * 64, as: SIMD16<Int32>.self)
        let position = corners &+ (winner &>> 1) &* width &+ (winner & 1)
        let selected = atelier_lanes_not_zero(value) & exists
        let count = routes.channelCounts[channel + lane]
        let list = (channel + lane) * shape.windows + Int(count)
        atelier_store_selected_f32(routes.channelValues + list, value, selected)
        atelier_store_selected_i32(routes.channelPositions + list, position, selected)
        routes.channelCounts[channel + lane] = count &+ Int32(truncatingIfNeeded: selected.nonzeroBitCount)
      }
    }
  }

  package static func routeByWindow(
    _ shape: ConvolutionShape, gradient: UnsafePointer<Float>, winners: UnsafePointer<Int32>, routes: PoolingRoutes
  ) {
    for group in 0..<PoolingRoutes.groups(shape) {
      for window in 0..<shape.windows { routeWindow(shape, group, window, gradient, winners, routes) }
    }
  }

  /// Lists the entries of one window and group of channels by winner, then by channel.
  @inline(__always)
  private static func routeWindow(
    _ shape: ConvolutionShape, _ group: Int, _ window: Int, _ gradient: UnsafePointer<Float>,
    _ winners: UnsafePointer<Int32>, _ routes: PoolingRoutes
  ) {
    let list = group * shape.windows + window
    let values = routes.windowValues + list * PoolingRoutes.group
    let channels = routes.windowChannels + list * PoolingRoutes.group
    let first = group * PoolingRoutes.group
    let end = min(first + PoolingRoutes.group, shape.outputChannels)
    var slot = 0
    for winner in 0..<Int32(4) {
      let start = slot
      for channel in stride(from: first, to: end, by: 16) {
        let element = ((channel >> 4) * shape.windows + window) * 16
        let value = gradient.lanes(at: element)
        let exists = end - channel >= 16 ? UInt32(0xffff) : UInt32(1) << UInt32(end - channel) - 1
        let isWinner = atelier_lanes_equal(UnsafeRawPointer(winners + element).load(as: SIMD16<Int32>.self), winner)
        let selected = atelier_lanes_not_zero(value) & isWinner & exists
        atelier_store_selected_f32(values + slot, value, selected)
        atelier_store_selected_i32(channels + slot, laneNumbers &+ Int32(truncatingIfNeeded: channel), selected)
        slot += selected.nonzeroBitCount
      }
      routes.windowCounts[list * 4 + Int(winner)] = Int32(truncatingIfNeeded: slot - start)
    }
  }

  private static var laneNumbers: SIMD16<Int32> {
    @inline(__always) get { SIMD16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }
  }
}
