"""Prints what an independent SVD parser reads from a file, one line an item, for a Swift test to compare.

usage: read_svd.py FILE.svd
"""

import sys

from cmsis_svd.parser import SVDParser


def word(value):
    """The text of an enumeration member or a plain value; `-` for nothing."""
    return "-" if value is None else str(getattr(value, "value", value))


device = SVDParser.for_xml_file(sys.argv[1]).get_device()
print("device", device.name, device.width)
for peripheral in device.peripherals:
    print("peripheral", peripheral.name, f"0x{peripheral.base_address:08X}")
    for interrupt in peripheral.interrupts or []:
        print("interrupt", interrupt.name, interrupt.value)
    for register in peripheral.registers:
        print("register", register.name, f"0x{register.address_offset:03X}", f"0x{register.reset_value:08X}",
              word(register.access))
        for field in register.fields:
            # The parser gives every register without fields none, and inherits what a field does not say.
            print("field", field.name, field.bit_offset, field.bit_width, word(field.access),
                  word(field.modified_write_values), word(field.read_action))
            for group in field.enumerated_values or []:
                for value in group.enumerated_values:
                    print("value", value.name, value.value)
