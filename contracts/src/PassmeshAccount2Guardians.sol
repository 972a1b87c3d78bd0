// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GuardedAccount} from "./GuardedAccount.sol";

/// The second half of version 2: see PassmeshAccount2, which calls it with the account's storage. By itself it belongs to nobody.
contract PassmeshAccount2Guardians layout at 0x13e8aaa1d17fdcceead286459ddf142bcf4118a95749d8dfa336fc9c629ce700 is GuardedAccount {}
