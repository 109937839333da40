import Testing
import Transport

struct ZeroMQLibraryTests {
  @Test(arguments: [(4, 3, 2), (4, 2, 9), (3, 9, 9)] as [(Int32, Int32, Int32)])
  func refusesLibraryWithKnownVulnerabilities(major: Int32, minor: Int32, patch: Int32) {
    let error = #expect(throws: TransportError.self) { try ZeroMQLibrary.check(.init(major, minor, patch)) }
    #expect(error?.description.contains("libzmq \(major).\(minor).\(patch)") == true)
  }

  @Test func installedLibraryIsSafe() throws {
    try ZeroMQLibrary.check()
    try ZeroMQLibrary.check(.init(4, 3, 3))
    try ZeroMQLibrary.check(.init(5, 0, 0))
  }
}
