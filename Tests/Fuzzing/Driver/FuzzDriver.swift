/// A test of libFuzzer: receives the bytes and their number, and returns 0.
package typealias FuzzTest = @convention(c) (UnsafePointer<UInt8>, Int) -> Int32

/// Runs libFuzzer's main function.
package func runFuzzer(
  _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ test: FuzzTest
) -> Int32 {
  var (count, arguments) = (count, arguments)
  return runDriver(&count, &arguments, test)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>, _ test: FuzzTest
) -> Int32
