// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OwnedAccount} from "./OwnedAccount.sol";

contract PassmeshAccount layout at 0x13e8aaa1d17fdcceead286459ddf142bcf4118a95749d8dfa336fc9c629ce700 is OwnedAccount {}
