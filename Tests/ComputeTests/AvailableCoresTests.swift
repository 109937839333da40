import Compute
import Testing

@Suite struct AvailableCoresTests {
  @Test func countsCoresOfAffinityMask() {
    #expect(coresInAffinityMask(status: "Name:\tx\nCpus_allowed_list:\t0-3,8,10-11\nMems:\t0") == 7)
    #expect(coresInAffinityMask(status: "Cpus_allowed_list:\t5") == 1)
    #expect(coresInAffinityMask(status: "nothing") == nil)
  }

  @Test func roundsQuotasUp() {
    #expect(coresInQuota("150000 100000\n") == 2)
    #expect(coresInQuota("50000 100000") == 1)
    #expect(coresInQuota("max 100000") == nil)
  }
}
