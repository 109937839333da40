import Cluster
import Testing
import Transport

/// Tests the address that a worker announces to other workers.
struct AdvertisedAddressTests {
  private let bound = try! Endpoint("tcp://0.0.0.0:7800")

  @Test(arguments: [
    ("node7", "tcp://node7:7800"), ("node7:99", "tcp://node7:99"), ("[fd00::1]", "tcp://[fd00::1]:7800"),
    ("[fd00::1]:99", "tcp://[fd00::1]:99"),
  ]) func portDefaultsToThatOfSocket(text: String, announced: String) throws {
    #expect(try AdvertisedAddress(text).endpoint(for: bound).text == announced)
  }

  /// Workers of other hosts connect to a worker that joins its coordinator on the same host.
  @Test func loopbackIsNotAnnounced() throws {
    let coordinator = try Endpoint("tcp://127.0.0.1:7700")
    let address = AdvertisedAddress.automatic(for: try Endpoint("tcp://*:*"), joining: coordinator)
    #expect(try address?.endpoint(for: bound).host == LocalAddress.allExternal.first ?? "127.0.0.1")
    #expect(AdvertisedAddress.automatic(for: try Endpoint("tcp://127.0.0.1:*"), joining: coordinator) == nil)
  }

  @Test(arguments: ["", "*", "0.0.0.0", "host:", "host:*", "host:x", "::1", "tcp://host:1", "a;b"])
  func refusesUnreachableAddresses(text: String) {
    #expect(throws: TransportError.self) { try AdvertisedAddress(text) }
  }
}
