import Cluster
import Testing
import Transport

/// Where a worker says that it is.
struct AdvertisedAddressTests {
  private let bound = try! Endpoint("tcp://0.0.0.0:7800")

  @Test(arguments: [
    ("node7", "tcp://node7:7800"), ("node7:99", "tcp://node7:99"), ("[fd00::1]", "tcp://[fd00::1]:7800"),
    ("[fd00::1]:99", "tcp://[fd00::1]:99"),
  ]) func thePortIsThatOfTheSocketUnlessItIsGiven(text: String, told: String) throws {
    #expect(try AdvertisedAddress(text).endpoint(for: bound).text == told)
  }

  @Test(arguments: ["", "*", "0.0.0.0", "host:", "host:*", "host:x", "::1", "tcp://host:1", "a;b"])
  func whatNobodyCouldConnectToIsRefused(text: String) {
    #expect(throws: TransportError.self) { try AdvertisedAddress(text) }
  }
}
