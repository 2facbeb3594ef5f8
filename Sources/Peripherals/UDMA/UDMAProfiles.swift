// Which peripherals PULPissimo's uDMA has, in which slots, with which events (reference sections 4.1 and 5).

import HardwareModel

extension UDMA {
  /// The subsystem of profile P8: UART 0, SPIM 1, I2C 2, SDIO 3, CPI 4, HYPER 5 and 6, FILTER 7.
  ///
  /// `i2cDropsData` fits the I2C master of P7, which loses data of its TX channel while it waits for a command.
  public static func p8(queue: EventQueue, peripheralClockPeriod: UInt64 = 1, i2cDropsData: Bool = false) -> UDMA {
    let uart = UDMAUART(firstEvent: 0)
    let spim = UDMASPIM(firstEvent: 4)
    let i2c = UDMAI2C(firstEvent: 8, errorEvent: 32, noAcknowledgeEvent: 33, dropsData: i2cDropsData)
    let sdio = UDMARegisterStore.sdio(firstEvent: nil)
    let camera = UDMACPI(firstEvent: 16)
    return UDMA(
      queue: queue,
      peripherals: [
        uart, spim, i2c, sdio, camera, UDMARegisterStore.hyperChannel(),
        UDMARegisterStore.hyperCommon(), UDMAFILTER(),
      ],
      // HYPER, the stream unit and the FILTER's two channels never request.
      transmitOrder: [
        uart.transmitChannels[0], spim.transmitChannels[0], spim.transmitChannels[1], i2c.transmitChannels[0],
        i2c.transmitChannels[1], sdio.transmitChannels[0], nil, nil, nil, nil,
      ],
      receiveOrder: [
        uart.receiveChannels[0], spim.receiveChannels[0], i2c.receiveChannels[0], sdio.receiveChannels[0],
        camera.receiveChannels[0], nil, nil,
      ], peripheralClockPeriod: peripheralClockPeriod)
  }

  /// The subsystem of profile P7: UART 0, SPIM 1, I2C0 2, I2C1 3, SDIO 4, I2S 5, CAM 6, FILTER 7, HYPER 8 and 9.
  public static func p7(queue: EventQueue, peripheralClockPeriod: UInt64 = 1) -> UDMA {
    let uart = UDMAUART(firstEvent: 0)
    let spim = UDMASPIM(firstEvent: 4)
    // Their TX data are not lost, other than in the hardware: see `UDMAI2C.warnsOfDrops`.
    let i2c = [
      UDMAI2C(firstEvent: 8, errorEvent: 126, noAcknowledgeEvent: 124),
      UDMAI2C(firstEvent: 12, errorEvent: 127, noAcknowledgeEvent: 125),
    ]
    for master in i2c { master.warnsOfDrops = true }
    let sdio = UDMARegisterStore.sdio(firstEvent: 16)
    let i2s = UDMAI2S(firstEvent: 20)
    let camera = UDMACPI(firstEvent: 24, revision: .v1)
    return UDMA(
      queue: queue,
      peripherals: [
        uart, spim, i2c[0], i2c[1], sdio, i2s, camera,
        UDMAFILTER(), UDMARegisterStore.hyperChannel(), UDMARegisterStore.hyperCommon(),
      ],
      transmitOrder: [
        uart.transmitChannels[0], spim.transmitChannels[0], spim.transmitChannels[1], i2c[0].transmitChannels[0],
        i2c[1].transmitChannels[0], i2c[0].transmitChannels[1], i2c[1].transmitChannels[1],
        sdio.transmitChannels[0], i2s.transmitChannels[0], nil, nil, nil,
      ],
      receiveOrder: [
        uart.receiveChannels[0], spim.receiveChannels[0], i2c[0].receiveChannels[0], i2c[1].receiveChannels[0],
        sdio.receiveChannels[0], i2s.receiveChannels[0], camera.receiveChannels[0], nil, nil,
      ], peripheralClockPeriod: peripheralClockPeriod)
  }

  /// The UART in slot id 0.
  public var uart: UDMAUART? { peripherals.first as? UDMAUART }
  /// The camera interface.
  public var camera: UDMACPI? { peripherals.lazy.compactMap { $0 as? UDMACPI }.first }
  /// The I2S interface of profile P7.
  public var i2s: UDMAI2S? { peripherals.lazy.compactMap { $0 as? UDMAI2S }.first }
  /// The I2C masters, from slot id 2 on.
  public var i2c: [UDMAI2C] { peripherals.compactMap { $0 as? UDMAI2C } }
  /// The SPI master in slot id 1.
  public var spim: UDMASPIM? { peripherals.count > 1 ? peripherals[1] as? UDMASPIM : nil }
}
